import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Flag } from "../../src/cli/options/flag.ts";
import { FLAGS } from "../../src/cli/options/flags.ts";
import { describeFlag, helpText } from "../../src/cli/help.ts";

const rows: readonly Flag[] = FLAGS;

describe("helpText", () => {
  it("fits 80 columns and ends in one newline", () => {
    for (const line of helpText().split("\n")) assert(line.length <= 80, line);
    assert(/[^\n]\n$/.test(helpText()));
  });

  it("has no line that ends in a space", () => assertEquals(/ $/m.test(helpText()), false));

  it("lists every option but the hidden ones", () => {
    for (const flag of rows) {
      const listed = new RegExp(`^  (-., |    )--${flag.name}( |$)`, "m").test(helpText());
      assertEquals(listed, !flag.hidden, flag.name);
    }
  });

  it("says what each exit status means", () => {
    for (const status of ["0", "1", "2", "130", "255"]) {
      assertStringIncludes(helpText(), `\n  ${status.padEnd(5)}`);
    }
  });
});

describe("describeFlag", () => {
  const flag = { name: "x", section: "Other", help: "Do it" } as const;
  it("adds nothing where there is nothing to add", () =>
    assertEquals(describeFlag({ ...flag, kind: "boolean" }), "Do it"));
  it("adds the range and the default", () =>
    assertEquals(describeFlag({ ...flag, kind: "number", min: 0, max: 9, default: 0 }), "Do it (0 to 9; default 0)"));
  it("adds choices, environment and repetition", () => {
    assertEquals(describeFlag({ ...flag, kind: "string", choices: ["a"], env: "X" }), "Do it (a; or set X)");
    assertEquals(describeFlag({ ...flag, kind: "string", choices: ["a", "b", "c"] }), "Do it (a, b or c)");
    assertEquals(describeFlag({ ...flag, kind: "list" }), "Do it (repeatable)");
  });
});
