import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../../../src/errors.ts";
import { readFileList } from "../../../../src/cli/options/values/file_list.ts";
import { listedSources } from "../../../../src/cli/options/listed_sources.ts";
import { type Operand, parseOperand } from "../../../../src/ssh/operand.ts";
import { createTempTree } from "../../../support/files/temp_tree.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

async function read(name: string, content: string | Uint8Array, nul = false) {
  await using tree = await createTempTree({ [name]: { content } });
  const entries = await readFileList({ file: `${tree.path}/${name}`, nul });
  return entries.map(({ source, target }) => target === undefined ? source : [source, target]);
}

async function refusal(name: string, content: string | Uint8Array, nul = false): Promise<string> {
  await using tree = await createTempTree({ [name]: { content } });
  const error = await assertRejects(() => readFileList({ file: `${tree.path}/${name}`, nul }), UsageError);
  return error.message.replaceAll(`${tree.path}/`, "");
}

describe("readFileList", () => {
  it("reads a name per line, and ignores empty lines", async () => {
    assertEquals(await read("l", "a\n\n b c \r\n#d\n-e\n~\n*"), ["a", " b c ", "#d", "-e", "~", "*"]);
  });

  it("reads names that end with NUL without changes", async () => {
    assertEquals(await read("l", "a\nb\0c\r\0\0d", true), ["a\nb", "c\r", "d"]);
  });

  it("keeps bytes that are not UTF-8", async () => {
    assertEquals(await read("l", bytes("\xff\xe4\n\xc3\xa4\n\xc3")), ["\udcff\udce4", "ä", "\udcc3"]);
  });

  it("reads a .yaml file: sources with and without targets, all values as text", async () => {
    const yaml = "- [a, b/c]\n- plain\n- [no]\n- ['x: y', 0123]\n- - deep\n  - er\n";
    for (const name of ["l.yaml", "l.YML"]) {
      assertEquals(await read(name, yaml), [["a", "b/c"], "plain", "no", ["x: y", "0123"], ["deep", "er"]]);
    }
    assertEquals(await read("l.yaml", "[[a, b], c]"), [["a", "b"], "c"]);
  });

  it("names the place and the reason in errors", async () => {
    assertEquals(await refusal("l", "\n"), 'Cannot copy from the list "l": it is empty');
    assertEquals(await refusal("l.yaml", "# none\n"), 'Cannot copy from the list "l.yaml": it is empty');
    assertEquals(await refusal("l", "a\nb\0c\0"), 'Cannot use "l", line 2: it contains a NUL byte');
    assertEquals(await refusal("l.yaml", "a: b"), 'Cannot use "l.yaml": it is not a list');
    assertEquals(
      await refusal("l.yaml", "# x\n- a\n- [b, c, d]\n"),
      'Cannot use "l.yaml", line 3: it is not [source, target]',
    );
    assertEquals(await refusal("l.yaml", "- a\n- {b: c}\n"), 'Cannot use "l.yaml", line 2: it is not [source, target]');
    assertEquals(await refusal("l.yaml", "[a, []]"), 'Cannot use "l.yaml", entry 2: it is not [source, target]');
    assertEquals(
      await refusal("l.yaml", "- a\n- [b\n- c\n"),
      'Cannot read "l.yaml", line 3: missing comma between flow collection entries',
    );
    assertEquals(await refusal("l.yaml", bytes("- \xff\n")), 'Cannot read "l.yaml": it is not UTF-8');
    const gone = await assertRejects(() => readFileList({ file: "/no/such", nul: false }), UsageError);
    assertEquals(gone.message, 'Cannot read the list "/no/such": No such file or directory');
  });
});

describe("listedSources", () => {
  const list = (entries: [string, string?][], base?: string, driveLetters = false) =>
    listedSources(
      entries.map(([source, target], index) => ({ source, target, where: () => `"l", line ${index + 1}` })),
      { target: base === undefined ? undefined : parseOperand(base, { driveLetters }), driveLetters },
    );
  const show = (operand?: Operand) => operand && (operand.kind === "remote" ? `${operand.host}:` : "") + operand.path;
  const shown = (...args: Parameters<typeof list>) =>
    list(...args).map(({ operand, target }) => [show(operand), show(target)].join(" > "));

  it("resolves targets in the path style of their host", () => {
    const entries: [string, string][] = [["a", "C:\\x"], ["b", "sub\\y"]];
    assertEquals(shown(entries, "D:\\t", true), ["a > C:\\x", "b > D:\\t\\sub\\y"]);
    assertEquals(shown([["a", "\\x"]], "host:t", true), ["a > host:t/\\x"]);
  });

  it("reads entries as literal operands, each once", () => {
    assertEquals(list([["h:*"], ["h:*"]], "t"), [
      { operand: { kind: "remote", host: "h", path: "*" }, literal: true },
    ]);
    assertEquals(shown([["-"], ["./a:b"], ["a"]], "h:"), ["./- > ", "./a:b > ", "a > "]);
  });

  it("resolves relative targets against that of the command line", () => {
    const pairs: [string, string][] = [["a", "b"], ["c", "/d"], ["e", "o:f"]];
    assertEquals(shown(pairs, "h:x/"), ["a > h:x/b", "c > h:/d", "e > o:f"]);
    assertEquals(shown(pairs, "h:"), ["a > h:b", "c > h:/d", "e > o:f"]);
    assertEquals(shown(pairs, "x"), ["a > x/b", "c > /d", "e > o:f"]);
    assertEquals(shown(pairs), ["a > b", "c > /d", "e > o:f"]);
  });

  it("names the entry in errors", () => {
    const message = (...args: Parameters<typeof list>) =>
      (assertThrows(() => list(...args), UsageError) as Error).message;
    assertEquals(
      message([["a"], ["h'x:b"]], "t"),
      'Cannot use "l", line 2: The host name in "h\'x:b" contains characters that are invalid in a host name',
    );
    assertEquals(message([["a"]]), 'Cannot use "l", line 1: neither the entry nor the command line has a target');
  });
});
