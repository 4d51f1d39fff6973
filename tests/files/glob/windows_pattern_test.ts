import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { expandGlob } from "../../../src/files/glob/expand.ts";
import { parseWindowsPattern } from "../../../src/files/glob/windows_pattern.ts";

/** Returns the names that match, from a directory with these names. */
function matching(pattern: string, names: string[]): Promise<string[]> {
  const directories = {
    list: (path: string) => path === "" ? names.map((name) => ({ name, isDirectory: false })) : [],
    exists: () => false,
  };
  return expandGlob(parseWindowsPattern(pattern)!, directories);
}

describe("a pattern on Windows", () => {
  it("has only the wildcards * and ?", async () => {
    for (const text of ["a", "a[b]", "{a,b}", "C:\\a", ""]) assertEquals(parseWindowsPattern(text), undefined, text);
    assertEquals(await matching("{a,b}[c]*", ["a", "c", "{a,b}[c]1", "ac"]), ["{a,b}[c]1"]);
    assertEquals(parseWindowsPattern("a\\*.txt")?.text, "a\\*.txt");
  });

  it("ignores the case of letters that have one other case", async () => {
    assertEquals(await matching("é*.TXT", ["É1.txt", "é2.TXT", "e.txt"]), ["É1.txt", "é2.TXT"]);
    assertEquals(await matching("ß?", ["ß1", "ss1"]), ["ß1"]);
  });

  it("separates directories with either separator", () => {
    assertEquals(parseWindowsPattern("a\\b/*")!.nodes.length, 4);
  });
});
