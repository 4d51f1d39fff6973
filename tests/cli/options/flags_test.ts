import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Flag, takesValue } from "../../../src/cli/options/flag.ts";
import { findLong, findShort, FLAGS } from "../../../src/cli/options/flags.ts";

const rows: readonly Flag[] = FLAGS;

describe("the table of options", () => {
  it("has unique names", () => {
    const names = rows.flatMap((flag) => [flag.name, ...(flag.aliases ?? []), ...(flag.short ? [flag.short] : [])]);
    assertEquals(names.filter((name, index) => names.indexOf(name) !== index), []);
  });

  it("has consistent rows", () => {
    for (const flag of rows) {
      assert(/^[a-z][a-z0-9-]+$/.test(flag.name), flag.name);
      assertEquals(flag.short?.length ?? 1, 1, flag.name);
      assertEquals(takesValue(flag), flag.argument !== undefined, flag.name);
      assert(!flag.help.endsWith("."), flag.name);
      if (flag.kind === "number" || flag.kind === "size") {
        assert(flag.min !== undefined && flag.max !== undefined, flag.name);
      }
      if (flag.choices && flag.default) assert(flag.choices.includes(String(flag.default)), flag.name);
    }
  });

  it("finds rows by long name, alias and letter", () => {
    assertEquals(findLong("remote_path")?.name, "remote-path");
    assertEquals(findLong("parallel")?.name, "streams");
    assertEquals(findLong("r"), undefined);
    assertEquals(findShort("P")?.name, "port");
    assertEquals(findShort("port"), undefined);
  });
});
