import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cutToWidth, textWidth } from "../../src/ui/text_width.ts";

describe("textWidth", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["日本", 4],
    ["カタ", 4],
    ["한", 2],
    ["ｆｕ", 4],
    ["👍", 2],
    ["a\u200bb", 2],
    ["…", 1],
    ["Ω", 1],
  ];
  for (const [text, width] of cases) {
    it(`returns ${width} for ${JSON.stringify(text)}`, () => assertEquals(textWidth(text), width));
  }
});

describe("cutToWidth", () => {
  it("returns text that fits unchanged", () => assertEquals(cutToWidth("日本", 4), "日本"));
  it("marks the cut with an ellipsis", () => {
    assertEquals(cutToWidth("abcdef", 4), "abc…");
    assertEquals(cutToWidth("日本語", 5), "日本…");
    assertEquals(cutToWidth("日本語", 4), "日…");
  });
  it("never exceeds the width", () => {
    for (const text of ["abcdef", "日本語日本語", "a日b本c語", "e\u0301e\u0301e\u0301", "👍👍👍"]) {
      for (let columns = 0; columns <= 8; columns++) assert(textWidth(cutToWidth(text, columns)) <= columns);
    }
  });
});
