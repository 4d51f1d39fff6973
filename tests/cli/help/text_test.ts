import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EXIT_STATUS } from "../../../src/cli/exit_status.ts";
import { describeFlag } from "../../../src/cli/help/describe_flag.ts";
import { fullHelp, shortHelp } from "../../../src/cli/help/text.ts";
import { EXAMPLES, EXIT_MEANINGS } from "../../../src/cli/help/texts.ts";
import type { Flag } from "../../../src/cli/options/flag.ts";
import { FLAGS } from "../../../src/cli/options/flags.ts";
import { commandOf } from "../../../src/cli/options/command.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const rows: readonly Flag[] = FLAGS;
const PAGES = { "escp --help": shortHelp(), "escp --help all": fullHelp() };

function lists(page: string, flag: Flag): boolean {
  return new RegExp(`^  (-., |    )--${flag.name}( |$)`, "m").test(page);
}

for (const [name, page] of Object.entries(PAGES)) {
  describe(name, () => {
    it("fits 80 columns and ends in one newline", () => {
      for (const line of page.split("\n")) assert(line.length <= 80, line);
      assert(/[^\n]\n$/.test(page));
    });

    it("has no line that ends in a space", () => assertEquals(/ $/m.test(page), false));

    it("explains each exit status", () => {
      for (const status of Object.values(EXIT_STATUS)) assertStringIncludes(page, `\n  ${String(status).padEnd(5)}`);
    });

    it("lists no hidden option", () => {
      for (const flag of rows) if (flag.hidden) assert(!lists(page, flag), flag.name);
    });
  });
}

describe("escp --help", () => {
  it("is little more than a screen, with about 20 options", () => {
    const count = rows.filter((flag) => lists(shortHelp(), flag)).length;
    assert(count >= 18 && count <= 24, `${count} options`);
    const lines = shortHelp().split("\n").length;
    assert(lines <= 56, `${lines} lines`);
  });

  it("points to the complete list and to the manual page", () => {
    assertStringIncludes(shortHelp(), "escp --help all ");
    assertStringIncludes(shortHelp(), "escp --man | man -l -");
  });
});

describe("escp --help all", () => {
  it("lists every option that is not hidden", () => {
    for (const flag of rows) assertEquals(lists(fullHelp(), flag), !flag.hidden, flag.name);
  });
});

describe("escp help", () => {
  it("prints the same as escp --help, with and without the word all", async () => {
    for (const args of [["--help"], ["-h"], ["help"]]) {
      assertEquals((await runEscp(args)).stdout, shortHelp(), args.join(" "));
    }
    for (const args of [["--help", "all"], ["-h", "all"], ["help", "all"]]) {
      assertEquals((await runEscp(args)).stdout, fullHelp(), args.join(" "));
    }
  });

  it("is a file name if anything else is on the command line", async () => {
    await using tree = await createTempTree({ help: "text", to: { directory: true } });
    const { code, stderr } = await runEscp(["help", "to"], { cwd: tree.path });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(await Deno.readTextFile(`${tree.path}/to/help`), "text");
  });
});

describe("the texts of the help", () => {
  it("show commands that escp accepts", () => {
    for (const [command] of EXAMPLES) {
      const args = command.replaceAll("'", "").split(" ").slice(1);
      commandOf(parseArguments(args), { env: () => undefined, driveLetters: false });
    }
  });

  it("explain every exit status, in order", () =>
    assertEquals(EXIT_MEANINGS.map(([status]) => status), Object.values(EXIT_STATUS).toSorted((a, b) => a - b)));
});

describe("describeFlag", () => {
  const flag = { name: "x", section: "Other", help: "Do it" } as const;
  it("returns the help of an option without further facts", () =>
    assertEquals(describeFlag({ ...flag, kind: "boolean" }), "Do it"));
  it("adds the range and the default", () =>
    assertEquals(describeFlag({ ...flag, kind: "number", min: 0, max: 9, default: 0 }), "Do it (0 to 9; default: 0)"));
  it("adds the text of a default that is not a constant", () =>
    assertEquals(describeFlag({ ...flag, kind: "string", defaultText: "all cores" }), "Do it (default: all cores)"));
  it("adds choices, environment and repetition", () => {
    assertEquals(describeFlag({ ...flag, kind: "string", choices: ["a"], env: "X" }), "Do it (a; or set X)");
    assertEquals(describeFlag({ ...flag, kind: "string", choices: ["a", "b", "c"] }), "Do it (a, b or c)");
    assertEquals(describeFlag({ ...flag, kind: "list" }), "Do it (repeatable)");
  });
});
