import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readBashLine, replaceTyped } from "../../../src/cli/completions/bash_line.ts";

const env = (name: string) => ({ HOME: "/home/me", DIR: "/d e" })[name];

describe("readBashLine", () => {
  const lines: [line: string, words: string[], current: string][] = [
    ["", [], ""],
    ["escp", [], "escp"],
    ["escp ", ["escp"], ""],
    ["escp -r  host:a", ["escp", "-r"], "host:a"],
    ["escp host:my\\ fi", ["escp"], "host:my fi"],
    [`escp "host:my fi`, ["escp"], "host:my fi"],
    ["escp 'host:it'\\''s a", ["escp"], "host:it's a"],
    [`escp 'a\\b' "a\\b\\"\\$" x`, ["escp", "a\\b", 'a\\b"$'], "x"],
    ["escp -i ~/key -F $HOME/c '$HOME' ${DIR} \"$DIR\" a~/b ", [
      "escp",
      "-i",
      "/home/me/key",
      "-F",
      "/home/me/c",
      "$HOME",
      "/d e",
      "/d e",
      "a~/b",
    ], ""],
    ["escp $(touch x) `touch y` z", ["escp", "$", "touch", "x", "`touch", "y`"], "z"],
    ["escp a\\", ["escp"], "a\\"],
  ];
  for (const [line, words, current] of lines) {
    it(`splits ${line}`, () => {
      const typed = readBashLine(line, env);
      assertEquals([typed.words, typed.current.text], [words, current]);
    });
  }
});

describe("replaceTyped", () => {
  const cases: [raw: string, name: string, replaced: string | undefined][] = [
    ["host:a", "a b", "host:a\\ b"],
    ["host:", "$(touch x);`y`!*'\"\\", "host:\\$\\(touch\\ x\\)\\;\\`y\\`\\!\\*\\'\\\"\\\\"],
    ["host:my\\ dir/", "ü=@:", "host:my\\ dir/ü=@:"],
    ['"host:a', 'a b$c`"\\!', '"host:a b\\$c\\`\\"\\\\"\'!\'"'],
    ["'host:a", "a'b$", "'host:a'\\''b$"],
    ['"host:my dir"/a', "a b", '"host:my dir"/a\\ b'],
    ['"host:my dir/"', "a b", '"host:my dir/"a\\ b'],
    ['"host:my dir/a"', "a b", '"host:my dir/a b"'],
    ["host:$DIR/a", "a", "host:$DIR/a"],
    // The last component is part of the value.
    ["host:$DIR", "d e f", undefined],
    ['"host:$(touch x)/a', "a", undefined],
    ["host:`touch", "a", undefined],
    ["'host:`x/a", "ab", "'host:`x/ab"],
    ["host:$'a", "a", undefined],
  ];
  for (const [raw, name, replaced] of cases) {
    it(`continues ${raw} with ${name}`, () => {
      const { current } = readBashLine(`escp ${raw}`, env);
      const base = Math.max(current.text.lastIndexOf("/"), current.text.indexOf(":")) + 1;
      assertEquals(replaceTyped(current, base, name), replaced);
    });
  }
});
