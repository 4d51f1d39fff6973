import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { printable } from "../../src/log/printable.ts";

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
