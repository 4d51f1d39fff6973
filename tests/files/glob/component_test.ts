import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { matchComponent, parseComponent } from "../../../src/files/glob/component.ts";
import { processorMs } from "../../support/processor_time.ts";

function matches(pattern: string, name: string, dot = false): boolean {
  return matchComponent(parseComponent(pattern, { dot }), name);
}

/** Returns a function that returns a pseudorandom number below its argument, the same in each run. */
function randomIndex(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** Checks that names before "|" match, and names after it do not. */
function check(table: Record<string, [yes: string[], no: string[]]>): void {
  for (const [pattern, [yes, no]] of Object.entries(table)) {
    for (const name of yes) assert(matches(pattern, name), `${pattern} matches ${name}`);
    for (const name of no) assert(!matches(pattern, name), `${pattern} does not match ${name}`);
  }
}

describe("a component of a pattern", () => {
  it("matches stars and question marks", () => {
    check({
      "abc": [["abc"], ["ab", "abcd", "Abc", ""]],
      "*": [["a", "a b", "\n", "*", "\udcff"], ["", ".", "..", ".a"]],
      "a*": [["a", "ab", "a.b"], ["b", "ba", ".a"]],
      "*a": [["a", "ba", "aa"], ["b", "ab", ".a"]],
      "*.tar.*": [["a.tar.gz", "x.tar.", "a.tar.tar.x"], ["a.tar", "tar.gz"]],
      "a*b*c": [["abc", "aXbYc", "abcbc"], ["acb", "ab", "abcd"]],
      "a**b": [["ab", "aXb"], ["a"]],
      "?": [["a", "é", "😀", "\udc80"], ["", "ab", ".", "😀😀"]],
      "??": [["ab", "😀a", "\udcc3\udc28"], ["😀", "a"]],
      "*?": [["a", "ab", "😀"], ["", ".a"]],
      "*😀?": [["😀a", "a😀😀"], ["😀", "a😀"]],
    });
  });

  it("matches sets of characters", () => {
    check({
      "[abc]": [["a", "b", "c"], ["d", "ab", "", "[abc]"]],
      "[a-c]x": [["ax", "cx"], ["dx", "-x", "a"]],
      "[!a-c]": [["d", "-", "é", "\udcff"], ["a", "b", ""]],
      "[^a-c]": [["d", "^"], ["a", "b"]],
      "[]]": [["]"], ["[", ""]],
      "[!]]": [["a"], ["]"]],
      "[]-a]": [["]", "^", "a"], ["b"]],
      "[-a]": [["-", "a"], ["b"]],
      "[a-]": [["-", "a"], ["b"]],
      "[z-a]": [[], ["a", "m", "z", "-"]],
      "[\\]]": [["]"], ["\\"]],
      "[\\!a]": [["!", "a"], ["b"]],
      "[a\\-c]": [["a", "-", "c"], ["b"]],
      "[[]": [["["], ["]"]],
      "[*?]": [["*", "?"], ["a"]],
      "[😀-😂]": [["😀", "😁", "😂"], ["a", "😃"]],
      "[\udc80-\udcff]": [["\udc80", "\udcff"], ["a", "é"]],
    });
  });

  it("matches classes of characters", () => {
    check({
      "[[:alpha:]]": [["a", "Z", "é", "я"], ["1", "_", "\udcff", ":"]],
      "[[:digit:]]*": [["1", "9x"], ["a", "x9"]],
      "[![:space:]]": [["a", "\udcff"], [" ", "\t"]],
      "[[:upper:][:digit:]_-]": [["A", "1", "_", "-"], ["a"]],
      "[[:alnum:]]": [["a", "0"], ["-"]],
      "[[:punct:]]": [["!", "+"], ["a", " "]],
      "[[:print:]]": [["a", " "], ["\n", "\udcff"]],
      "[[:xdigit:]]": [["f", "0"], ["g"]],
      "[[:alpha:": [["[[:alpha:"], ["a"]],
      "[:alpha:]": [["a", ":"], ["b"]],
    });
    assertThrows(() => parseComponent("[[:letters:]]"), UserError, 'the class "[:letters:]" is unknown');
    assertThrows(() => parseComponent("[[:constructor:]]"), UserError);
  });

  it("treats an unclosed bracket as literal, unless it is strict", () => {
    check({
      "[": [["["], ["a"]],
      "[abc": [["[abc"], ["a"]],
      "[]": [["[]"], [""]],
      "[!]": [["[!]"], ["a"]],
      "a[b*": [["a[b", "a[bc"], ["ab"]],
      "[[:alpha:]": [["[[:alpha:]"], ["[a"]],
    });
    assertThrows(() => parseComponent("a[b", { strict: true }), UserError, '"[" is never closed');
    assertEquals(parseComponent("a\\[b", { strict: true }), { kind: "literal", name: "a[b" });
  });

  it("treats the character after a backslash as literal", () => {
    check({
      "\\*": [["*"], ["a", "\\*"]],
      "\\?\\[a]": [["?[a]"], ["xa"]],
      "a\\b": [["ab"], ["a\\b"]],
      "\\\\": [["\\"], ["\\\\"]],
      "a\\": [["a\\"], ["a"]],
      "*\\*": [["*", "a*"], ["a"]],
    });
  });

  it("matches hidden names only if it starts with a dot or the option dot is set", () => {
    check({
      ".*": [[".a", "..a", "..."], [".", "..", "a", ""]],
      "\\.*": [[".a"], ["a"]],
      "[.]a": [[], [".a"]],
      "?a": [["aa"], [".a"]],
      "[!b]a": [["aa"], [".a"]],
    });
    for (const pattern of ["*", "?a", "[.]a", "[!b]a", "**"]) assert(matches(pattern, ".a", true), pattern);
    for (const name of [".", ".."]) assert(!matches("*", name, true) && !matches(".*", name) && !matches("**", name));
  });

  it("matches the same names as a regular expression", () => {
    const random = randomIndex(1);
    const pick = (texts: readonly string[], length: number) =>
      Array.from({ length }, () => texts[random(texts.length)]).join("");
    const pieces = ["a", "b", "*", "*", "?", "[ab]", "[!a]", "😀", "\ude00"];
    let matched = 0;
    for (let round = 0; round < 20_000; round++) {
      const pattern = pick(pieces, 1 + random(6));
      const name = pick(["a", "b", "😀", "\ude00"], 1 + random(6));
      const source = pattern.replace(/[*?]|\[!/gu, (part) => ({ "*": ".*", "?": ".", "[!": "[^" })[part]!);
      const expected = new RegExp(`^${source}$`, "su").test(name);
      assertEquals(matches(pattern, name, true), expected, JSON.stringify([pattern, name]));
      if (expected) matched++;
    }
    assert(matched > 1000, `${matched} names`);
  });

  it("matches hostile patterns in bounded time", () => {
    const name = "a".repeat(255);
    const took = processorMs(() => {
      assert(!matches("*a".repeat(100) + "b", name));
      assert(!matches("*".repeat(60_000) + "b", name));
      assert(!matches("*?".repeat(30_000) + "b", name));
      assert(!matches("a*[!b]".repeat(80) + "b", name));
      assert(matches("*a".repeat(255), name));
      assert(!matches("[".repeat(60_000), name));
      assert(!matches("[[:a".repeat(15_000), name));
    });
    assert(took < 2000, `${took} ms`);
  });
});
