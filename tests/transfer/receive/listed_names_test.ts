import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { parseWirePath } from "../../../src/protocol/wire_path.ts";
import { ListedNames } from "../../../src/transfer/receive/listed_names.ts";
import { assertProtocolError } from "../../protocol/protocol_error.ts";

const ROOTS: TargetRoot[] = [
  { kind: "folder", path: "/t", created: false },
  { kind: "folder", path: "/t/sub", created: false },
  { kind: "file", directory: "/t", name: "single" },
];

function listed(root: number, path: string, ...names: string[]): ListedNames {
  const all = new ListedNames(ROOTS);
  all.add({ root, path: parseWirePath(path), names });
  return all;
}

describe("ListedNames", () => {
  it("finds names in the directory in which the source has them", () => {
    const all = listed(0, "a/b", "x", "\udcff", "");
    assertEquals(["x", "\udcff", "y", "\udcfe", "\ufffd"].map((name) => all.find("/t/a/b", name)), [
      ...["listed", "listed", "missing", "missing", "missing"],
    ]);
    assertEquals([all.find("/t/a", "x"), all.find("/t/a/b/x", "")], ["missing", "missing"]);
  });

  it("joins the names of several roots with one target", () => {
    const all = listed(0, "sub", "x");
    all.add({ root: 1, path: parseWirePath(""), names: ["y"] });
    assertEquals(["x", "y", "z"].map((name) => all.find("/t/sub", name)), ["listed", "listed", "missing"]);
  });

  it("contains the roots themselves", () => {
    const all = new ListedNames(ROOTS);
    assertEquals(["sub", "single", "other"].map((name) => all.find("/t", name)), ["listed", "listed", "missing"]);
    assertEquals(all.find("/", "t"), "listed");
  });

  it("contains the directories that the source listed, also empty ones", () => {
    const all = listed(0, "a");
    assertEquals(["/t/a", "/t", "/t/b"].map((path) => all.hasDirectory(path)), [true, false, false]);
  });

  it("finds names that some file systems do not distinguish", () => {
    const all = listed(0, "", "README", "data", "\u00e9");
    assertEquals(["readme", "ReadMe", "DATA", "e\u0301", "E\u0301", "readme2"].map((name) => all.find("/t", name)), [
      ...["alias", "alias", "alias", "alias", "alias", "missing"],
    ]);
  });

  it("finds each of many names and no other", () => {
    const all = new ListedNames(ROOTS);
    const path = parseWirePath("");
    for (let at = 0; at < 50_000; at += 250) {
      all.add({ root: 0, path, names: Array.from({ length: 250 }, (_, index) => `name ${at + index}`) });
    }
    const found = (name: string) => all.find("/t", name) === "listed";
    for (let at = 0; at < 50_000; at++) if (!found(`name ${at}`) || found(`other ${at}`)) throw new Error(`${at}`);
  });

  it("refuses names in a root that is unknown or not a directory, and too many names", () => {
    const path = parseWirePath("");
    const add = (root: number, names: string[], maxNames?: number) =>
      new ListedNames(ROOTS, { maxNames }).add({ root, path, names });
    for (const root of [2, 3]) assertProtocolError("bad-path", () => add(root, []));
    add(0, ["a", "b"], 6);
    assertThrows(() => add(0, ["a", "b", "C"], 6), Error, "there are too many names");
  });
});
