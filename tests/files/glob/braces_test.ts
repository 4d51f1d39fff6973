import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { expandBraces, findUnclosedBrace, MAX_BRACE_RESULTS } from "../../../src/files/glob/braces.ts";

describe("brace expansion", () => {
  it("matches bash", () => {
    const table: Record<string, string[]> = {
      "": [""],
      "a": ["a"],
      "a{b,c}d": ["abd", "acd"],
      "{a,b}{c,d}": ["ac", "ad", "bc", "bd"],
      "{b,a}": ["b", "a"],
      "{a,a}": ["a", "a"],
      "x{,y}": ["x", "xy"],
      "x{,}": ["x", "x"],
      "{a,b{c,d}e}f": ["af", "bcef", "bdef"],
      "{a/b,c}/*": ["a/b/*", "c/*"],
      "{}": ["{}"],
      "{a}": ["{a}"],
      "{{a,b}}": ["{a}", "{b}"],
      "{a,b": ["{a,b"],
      "a,b}": ["a,b}"],
      "{a,{b,c}": ["{a,b", "{a,c"],
      "{a,b}}": ["a}", "b}"],
      "{a,b{c}": ["{a,b{c}"],
      "\\{a,b}": ["\\{a,b}"],
      "{a\\,b,c}": ["a\\,b", "c"],
      "{a,b\\}": ["{a,b\\}"],
      "{1..3}": ["{1..3}"],
      "{\udcff,ü,😀}": ["\udcff", "ü", "😀"],
    };
    for (const [text, expected] of Object.entries(table)) assertEquals(expandBraces(text), expected, text);
  });

  it("fails for more than 10,000 results before it builds any", () => {
    assertEquals(expandBraces("{0,1,2,3,4,5,6,7,8,9}".repeat(4)).length, MAX_BRACE_RESULTS);
    assertThrows(() => expandBraces("{0,1,2,3,4,5,6,7,8,9}".repeat(4) + "{,}"), UserError, "more than 10000");
    assertThrows(() => expandBraces("{a,b}".repeat(10_000)), UserError, "more than 10000");
    assertThrows(() => expandBraces("{" + ",".repeat(10_000) + "}"), UserError, "more than 10000");
    assertEquals(expandBraces("{" + ",".repeat(9_999) + "}").length, 10_000);
    assertThrows(() => expandBraces("x".repeat(1 << 20) + "{a,b}"), UserError, "more than 1048576 characters");
  });

  it("parses hostile nesting in linear time", () => {
    assertEquals(expandBraces("{".repeat(65_000)), ["{".repeat(65_000)]);
    assertEquals(expandBraces("}".repeat(65_000)).length, 1);
    assertEquals(expandBraces("{a,".repeat(20_000)).length, 1);
    const nested = (depth: number) => "{a,".repeat(depth) + "b" + "}".repeat(depth);
    assertEquals(expandBraces(nested(64)).length, 65);
    assertThrows(() => expandBraces(nested(65)), UserError, "deeper than 64");
    assertThrows(() => expandBraces(nested(20_000)), UserError, "deeper than 64");
  });

  it("finds an unclosed brace", () => {
    assertEquals(findUnclosedBrace("a{b"), 1);
    assertEquals(findUnclosedBrace("{a,b}{"), 5);
    assertEquals(findUnclosedBrace("{a}"), -1);
    assertEquals(findUnclosedBrace("\\{a}"), -1);
  });
});
