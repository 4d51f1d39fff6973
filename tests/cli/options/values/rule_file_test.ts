import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseRules } from "../../../../src/cli/options/values/rule_file.ts";
import { UsageError } from "../../../../src/errors.ts";
import type { FilterRule } from "../../../../src/files/walk/filter.ts";
import { createTempTree } from "../../../support/files/temp_tree.ts";
import { copyRun, usageError } from "../command_lines.ts";

const parse = (text: string) => parseRules(text, { action: "exclude", shown: '"f"' });
/** Returns rules as rsync writes them. */
const written = (rules: readonly FilterRule[]) =>
  rules.map(({ action, pattern }) => `${action === "include" ? "+" : "-"} ${pattern}`);

describe("files of rules", () => {
  it("contain globs, comments, empty lines and prefixes", () => {
    const text = "# comment\n*.o\r\n\n; comment\n+ a b\n- /c\n-d\n+\n \\#e\n\\#f\n/g/#h";
    assertEquals(written(parse(text)), ["- *.o", "+ a b", "- /c", "- -d", "- +", "-  \\#e", "- \\#f", "- /g/#h"]);
    assertEquals(parse(""), []);
    assertEquals(parseRules("x", { action: "include", shown: "" }), [{
      action: "include",
      kind: "glob",
      pattern: "x",
    }]);
  });

  it("may begin with a byte order mark", () => {
    assertEquals(written(parse("\ufeff*.key\n")), ["- *.key"]);
    assertEquals(written(parse("\ufeff# comment\n")), []);
  });

  it("are refused if they are UTF-16", () => {
    assertThrows(() => parse("*\0.\0k\0"), UsageError, "the pattern has a NUL character");
  });

  it("are refused with the line of an invalid rule", () => {
    for (
      const [line, reason] of [["[a", '"["'], ["a***", '"***"'], ["+ ", "missing"], ["!", '"!"'], ["a/../b", '".."'], [
        "/",
        "names",
      ]]
    ) {
      const { message } = assertThrows(() => parse(`ok\n\n${line}\nok`), UsageError, 'Cannot use "f", line 3: ');
      assertEquals(message.includes(reason), true, message);
    }
  });

  it("take their place among the rules of the command line", async () => {
    await using tree = await createTempTree({ one: "a\n+ b\n", two: "c\n- d" });
    const args = [
      "--include=x",
      `--exclude-from=${tree.path}/one`,
      "--exclude=y",
      "--include-from",
      `${tree.path}/two`,
    ];
    const { host, ofHosts } = copyRun(...args, "--only=z", "s", "host:t");
    assertEquals(ofHosts, undefined);
    const expected = ["+ x", "- a", "+ b", "- y", "+ c", "- d", "+ z", "+ */", "- *"];
    assertEquals(written(host.request.filters), expected);
    assertEquals(written(host.flags.rules), expected, "-R forwards the rules");
  });

  it("have the stars of rsync, which are rewritten for the peer", async () => {
    await using tree = await createTempTree({ rules: "+ /a/***\n/x/**.o" });
    const { host } = copyRun(`--exclude-from=${tree.path}/rules`, "--exclude=b/***", "--only=/c/***", "s", "host:t");
    const expected = ["+ /a/{,**}", "- /x/{*,*/**/*}.o", "- **/b/{,**}", "+ /c/{,**}", "+ */", "- *"];
    assertEquals(written(host.request.filters), expected);
    assertEquals(written(host.flags.rules), expected, "-R forwards the rules");
    const reason = 'Cannot use the pattern "a***": "***" is only supported at its end, after a slash';
    for (const option of ["--include", "--exclude", "--only"]) {
      assertEquals(usageError(`${option}=a***`, "a", "b"), `Option "${option}": ${reason}`);
    }
  });

  it("are refused if they cannot be read", async () => {
    await using tree = await createTempTree({ bad: "x\n{a" });
    const missing = usageError("--exclude-from", `${tree.path}/missing`, "a", "b");
    assertEquals(missing, `Cannot read the rules in "${tree.path}/missing": No such file or directory`);
    const bad = usageError("--include-from", `${tree.path}/bad`, "a", "b");
    assertEquals(bad.startsWith(`Cannot use "${tree.path}/bad", line 2: `), true, bad);
  });

  it("are refused if standard input is read twice", () => {
    const twice = (...args: string[]) =>
      usageError(...args).replace('Cannot read standard input ("-") twice: for ', "");
    assertEquals(twice("--exclude-from=-", "--include-from=-", "a", "b"), '"--exclude-from" and for "--include-from"');
    assertEquals(twice("--exclude-from=-", "--filelist=-", "a", "b"), '"--filelist" and for "--exclude-from"');
    assertEquals(twice("--exclude-from=-", "-", "host:b"), 'a source and for "--exclude-from"');
  });
});
