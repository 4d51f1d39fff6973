import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { splitOptionWords } from "../../src/config/option_words.ts";
import { UsageError } from "../../src/errors.ts";

describe("option words", () => {
  it("are split like words of a shell", () => {
    const table: Record<string, string[]> = {
      "": [],
      " \t\n ": [],
      "-t 8": ["-t", "8"],
      "  -rp   --streams=8\n": ["-rp", "--streams=8"],
      "'a b' c": ["a b", "c"],
      '"a b" c': ["a b", "c"],
      "a'b c'd": ["ab cd"],
      "'' \"\"": ["", ""],
      "a\\ b": ["a b"],
      "'a\\b'": ["a\\b"],
      '"a\\"b\\\\c\\$\\`\\d"': ['a"b\\c$`\\d'],
      "\\'": ["'"],
      "'\"'": ['"'],
      "$HOME `x` ~ *": ["$HOME", "`x`", "~", "*"],
      "-o 'ProxyCommand ssh -W %h:%p gw'": ["-o", "ProxyCommand ssh -W %h:%p gw"],
    };
    for (const [text, expected] of Object.entries(table)) assertEquals(splitOptionWords(text), expected, text);
  });

  it("are refused if a quote is not closed", () => {
    assertThrows(() => splitOptionWords("a 'b"), UsageError, "ESCP_OPTIONS has a single quote that is not closed");
    assertThrows(() => splitOptionWords('"a\\"'), UsageError, "ESCP_OPTIONS has a double quote that is not closed");
    assertThrows(() => splitOptionWords("a\\"), UsageError, "ESCP_OPTIONS ends in a backslash");
  });
});
