import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { editDistance, nearest } from "../../../src/cli/options/nearest.ts";

describe("editDistance", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["same", "same", 0],
    ["port", "prot", 1],
    ["port", "ports", 1],
    ["port", "pot", 1],
    ["port", "pork", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, edits] of cases) {
    it(`is ${edits} from "${a}" to "${b}"`, () => assertEquals(editDistance(a, b), edits));
  }
});

describe("nearest", () => {
  it("prefers the only candidate that starts with the word", () =>
    assertEquals(nearest("ver", ["verbose", "port"]), "verbose"));
  it("does not guess between two candidates that start with the word", () =>
    assertEquals(nearest("ver", ["verbose", "version"]), undefined));
  it("allows one edit in a short word, and more in a long one", () => {
    assertEquals(nearest("prot", ["port"]), "port");
    assertEquals(nearest("recursiv-e", ["recursive"]), "recursive");
    assertEquals(nearest("rcrsve", ["recursive"]), undefined);
  });
  it("returns undefined if no candidate is similar", () => {
    assertEquals(nearest("xyz", ["port", "jump"]), undefined);
    assertEquals(nearest("", ["port"]), undefined);
    assertEquals(nearest("port", []), undefined);
  });
});
