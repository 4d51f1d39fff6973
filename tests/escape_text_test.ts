import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { escapePath, jsonLine, printable, quotePath } from "../src/escape_text.ts";

describe("printable", () => {
  const cases: [string, string][] = [
    ["", ""],
    ['plain "text" \\ é 日本 👍', 'plain "text" \\ é 日本 👍'],
    ["a\nb\r\nc", "a\nb\nc"],
    ["over\rwritten", "over\\rwritten"],
    ["\u001b]0;title\u0007", "\\x1b]0;title\\x07"],
    ["\u009b31m", "\\x9b31m"],
    ["\t\u0000\u007f", "\\t\\x00\\x7f"],
    ["\u202egpj.exe", "\\u202egpj.exe"],
    ["\u2028", "\\u2028"],
    ["\udc80\udcff", "\\x80\\xff"],
    ["\ud800", "\\ud800"],
  ];
  for (const [text, expected] of cases) {
    it(`writes ${JSON.stringify(text)}`, () => assertEquals(printable(text), expected));
  }
});

/** First and last character of each range that a terminal hides, or that reorders the surrounding text. */
const INVISIBLE: [string, string][] = [
  ["\u00ad", "\u00ad"],
  ["\u061c", "\u061c"],
  ["\u180e", "\u180e"],
  ["\u200b", "\u200f"],
  ["\u2028", "\u202e"],
  ["\u2060", "\u206f"],
  ["\ufeff", "\ufeff"],
  ["\ufff9", "\ufffb"],
  ["\u{e0000}", "\u{e007f}"],
];

function charactersOf([first, last]: [string, string]): string[] {
  const from = first.codePointAt(0)!;
  return Array.from({ length: last.codePointAt(0)! - from + 1 }, (_, index) => String.fromCodePoint(from + index));
}

describe("an invisible character", () => {
  for (const char of INVISIBLE.flatMap(charactersOf)) {
    const code = char.codePointAt(0)!.toString(16);
    const escaped = code.length < 3 ? `\\x${code}` : code.length < 5 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
    it(`U+${code} is escaped in text, paths and JSON`, () => {
      assertEquals(printable(`a${char}b`), `a${escaped}b`);
      assertEquals(escapePath(`a${char}b`), `a${escaped}b`);
      const line = jsonLine({ path: `a${char}b` });
      assert(/^[\x20-\x7e]*$/.test(line), line);
      assertEquals(JSON.parse(line), { path: `a${char}b` });
    });
  }
});

describe("visible text", () => {
  for (const text of ["é 日本 👍", "\u2764\ufe0f", "e\u0301", "\u0645\u0631\u062d\u0628\u0627", "\ufffd"]) {
    it(`${JSON.stringify(text)} is not escaped`, () => {
      assertEquals([printable(text), escapePath(text)], [text, text]);
      assertEquals(jsonLine(text), JSON.stringify(text));
    });
  }
});

describe("quotePath", () => {
  it("escapes the quote, the backslash, line breaks and bytes that are not UTF-8", () => {
    assertEquals(quotePath('a"b\\c\nd\udcff', false), '"a\\"b\\\\c\\nd\\xff"');
  });

  it("shows a path of Windows as typed, and escapes everything else", () => {
    assertEquals(quotePath("C:\\t\\a", true), '"C:\\t\\a"');
    assertEquals(quotePath('C:\\t"\n\u202e', true), '"C:\\t\\"\\n\\u202e"');
    assertEquals(escapePath("C:\\t", true), "C:\\t");
  });
});

describe("jsonLine", () => {
  it("preserves every name exactly, including control characters and bytes that are not UTF-8", () => {
    for (const name of ["a\u009b31m", "\u007f", "\udc80\udcff", "\ud83d\ude00", 'q"\\', "\n\u2028"]) {
      const line = jsonLine({ name });
      assertEquals(JSON.parse(line), { name });
      assertEquals(printable(line), line);
    }
  });
});
