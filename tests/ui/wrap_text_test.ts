import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { wrapText } from "../../src/ui/wrap_text.ts";

describe("wrapText", () => {
  it("breaks between words", () => {
    assertEquals(wrapText("one two three", 7), ["one two", "three"]);
    assertEquals(wrapText("one two three", 6), ["one", "two", "three"]);
    assertEquals(wrapText("", 6), [""]);
  });

  it("breaks words that do not fit, by columns", () => {
    assertEquals(wrapText("a /very/long b", 5), ["a", "/very", "/long", "b"]);
    assertEquals(wrapText("\u6f22\u5b57", 3), ["\u6f22", "\u5b57"]);
    assertEquals(wrapText("\u6f22\u5b57", 1), ["\u6f22", "\u5b57"]);
    assertEquals(wrapText("ab", 0), ["a", "b"]);
  });
});
