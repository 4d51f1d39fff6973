import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { VERSION, versionText } from "../../src/cli/version.ts";

describe("versionText", () => {
  const facts = [["engine", "native"], ["protocol", "1"]] as const;
  it("is one line", () => assertEquals(versionText({ verbose: false, facts }), `escp ${VERSION}\n`));
  it("has a line per fact with -v", () =>
    assertEquals(
      versionText({ verbose: true, facts }),
      `escp ${VERSION}\n  engine    native\n  protocol  1\n`,
    ));
  it("needs no facts", () => assertEquals(versionText({ verbose: true }), `escp ${VERSION}\n`));
  it("contains the version of deno.json", () => assert(/^\d+\.\d+\.\d+/.test(VERSION)));
});
