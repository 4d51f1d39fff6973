import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { onlyRules } from "../../../../src/cli/options/values/only_rules.ts";
import { UsageError } from "../../../../src/errors.ts";
import { createFilter } from "../../../../src/files/walk/filter.ts";

const TREE = [
  "a.txt",
  "b.c",
  "d/",
  "d/a.txt",
  "d/b.c",
  "docs/",
  "docs/x",
  "docs/deep/",
  "docs/deep/y",
  "d/docs/",
  "d/docs/z",
];

/** Returns the files of the tree that are copied. */
function copied(...globs: string[]): string[] {
  const filter = createFilter(onlyRules(globs));
  const isIncluded = (path: string) => {
    const parts = path.split("/");
    return parts.every((_, index) => filter(parts.slice(0, index + 1).join("/"), index < parts.length - 1));
  };
  return TREE.filter((path) => !path.endsWith("/") && isIncluded(path));
}

describe("onlyRules", () => {
  it("copy the files that match a glob, in all directories", () => {
    assertEquals(copied("*.txt"), ["a.txt", "d/a.txt"]);
    assertEquals(copied("*.txt", "d/*.c"), ["a.txt", "d/a.txt", "d/b.c"]);
    assertEquals(copied("/b.c"), ["b.c"]);
    assertEquals(copied("none"), []);
  });

  it("copy everything in a directory that is named with a slash", () => {
    assertEquals(copied("docs/"), ["docs/x", "docs/deep/y", "d/docs/z"]);
    assertEquals(copied("/docs/"), ["docs/x", "docs/deep/y"]);
    assertEquals(copied("d/docs/"), ["d/docs/z"]);
  });

  it("are empty without a glob, and name the option of an invalid glob", () => {
    assertEquals(onlyRules([]), []);
    const error = assertThrows(() => onlyRules(["[a"]), UsageError) as UsageError;
    assertEquals(error.message.startsWith('Option "--only": '), true, error.message);
  });
});
