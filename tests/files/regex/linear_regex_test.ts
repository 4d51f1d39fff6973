import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { LinearRegex } from "../../../src/files/regex/linear_regex.ts";
import { StateCache } from "../../../src/files/regex/state_cache.ts";

const LIMITS = { maxStates: 10_000 };

const TEXTS = [
  "",
  "a",
  "b",
  "aa",
  "ab",
  "ba",
  "aab",
  "abab",
  "a/b.c",
  "d/b.o",
  "src/main.ts",
  "src/main_test.ts",
  "README.md",
  "readme.MD",
  "build/x/y.o",
  "year 2024",
  "Straße",
  "ſtrasse K",
  "😀",
  "a😀-",
  "\udcff.c",
  "x\udc80y",
  "line\nbreak",
  "a\u2028b",
  "tab\there",
  "_foo-bar",
  "foo bar",
  "foo",
  "aaaaaaaaaaab",
  "1.2.3",
  "[x]",
  "a{2}",
  "\u0000\u0001",
];

const PATTERNS = [
  "a",
  "^a",
  "a$",
  "^$",
  "^a?b*$",
  "a|b",
  "^(?:a|ab)(?:b|$)",
  "(a+)+$",
  "^(a*)*b$",
  "^(?:a{2}|b{1,2}|c{0}|d{3,})+$",
  "a{2,3}?b",
  "a*?b+?",
  ".",
  "^..$",
  "^.\\.c$",
  "\\.(?:o|c)$",
  "^src/.*\\.ts$",
  "^(?!.*_test)src/",
  "(?<!_test)\\.ts$",
  "(?<=src/)main",
  "main(?=\\.)",
  "^(?=.*a)(?=.*b)",
  "^(?!(?:.*/)?build/)(?!.*\\.md$)",
  "(?<=(?<!b)a)b",
  "(?=(?!b)a)a",
  "(?!)",
  "(?=)",
  "(?<=^)a",
  "(?=$)",
  "\\bfoo\\b",
  "\\Bo\\B",
  "\\b",
  "\\B",
  "^\\w+$",
  "\\W",
  "\\d{4}",
  "\\D\\s\\S",
  "[a-c]{2}",
  "[^a-z]",
  "[^]",
  "[]",
  "[\\]x]+",
  "[\\b]",
  "[\\d.]+$",
  "^[^/]+$",
  "\\p{L}+ß",
  "\\P{L}",
  "[\\p{Lu}\\p{Nd}]",
  "\\u{1F600}",
  "\\ud83d\\ude00",
  "[\\ud83d\\ude00-\\ud83d\\ude0f]",
  "\\udcff",
  "\\x61\\u0062",
  "\\cJ",
  "\\0",
  "\\t|\\n|\\v|\\f|\\r",
  "\\/b\\.c",
  "\\{2\\}|\\[x\\]",
  "(?<year>\\d+)",
  "(?<a>a)|(?<b>b)",
  "a||b",
  "(?:)",
  "(?:){3}a",
  "(?:a?){3}$",
  "((a)|(b))*$",
  "^a.b$",
  "x*",
  "(?:^|/)build(?:/|$)",
];

/** Expressions that not every V8 supports. */
const MODIFIERS = [
  "(?i:readme)\\.",
  "(?i:MAIN|FOO)$",
  "(?i:README(?-i:\\.md))",
  "(?s:a.b)",
  "(?m:^break|line$)",
  "(?i:\\bMAIN)",
];

describe("LinearRegex", () => {
  it("agrees with RegExp on every kind of syntax", () => {
    for (const pattern of [...PATTERNS, ...MODIFIERS.filter(isKnown)]) {
      const [linear, native] = [new LinearRegex(pattern, LIMITS), new RegExp(pattern, "u")];
      for (const text of TEXTS) {
        assertEquals(linear.test(text), native.test(text), `/${pattern}/u on ${JSON.stringify(text)}`);
      }
    }
  });

  it("agrees with RegExp on random expressions and texts", () => {
    const random = randomNumbers(7);
    for (let round = 0; round < 3_000; round++) {
      const pattern = randomPattern(random, 3);
      const [linear, native] = [new LinearRegex(pattern, LIMITS), new RegExp(pattern, "u")];
      for (let count = 0; count < 20; count++) {
        const text = randomText(random);
        assertEquals(linear.test(text), native.test(text), `/${pattern}/u on ${JSON.stringify(text)}`);
      }
    }
  });

  it("matches expressions with catastrophic backtracking in linear time", () => {
    const text = "a".repeat(4000) + "b";
    for (const pattern of ["^(a+)+x", "^(a*)*$", "(a|aa)+$", "(.*a){20}x", "^(?=(a+)+x)", "(?<=(x|xx|a*)+)y"]) {
      assert(!new LinearRegex(pattern, LIMITS).test(text), pattern);
    }
  });

  it("matches expressions with exponentially many sets of states in bounded memory", () => {
    const regex = new LinearRegex("a[ab]{200}c", LIMITS);
    const random = randomNumbers(3);
    const text = Array.from({ length: 20_000 }, () => "ab"[random(2)]).join("");
    assert(!regex.test(text));
    assert(regex.test(text + "a" + "b".repeat(200) + "c"));
  });

  it("keeps memory bounded if many combinations of assertions hold", () => {
    const cache = new StateCache(1_000);
    const assertions = Array.from({ length: 12 }, (_, at) => `(?=[ab]{${at}}a)z`);
    const expressions = [assertions.join("|"), `${assertions.join("|")}|b$`].map((text) => ({
      linear: new LinearRegex(text, { ...LIMITS, cache }),
      native: new RegExp(text, "u"),
    }));
    // Bits of a counter: all combinations occur.
    for (let count = 0; count < 500; count++) {
      const text = (count * 8).toString(2).padStart(12, "0").replaceAll("0", "a").replaceAll("1", "b");
      for (const { linear, native: expected } of expressions) {
        assertEquals(linear.test(text), expected.test(text), text);
        assert(cache.states < 1_100, `${cache.states} states`);
      }
    }
  });

  it("agrees with RegExp if the cache of several expressions is dropped all the time", () => {
    for (const limit of [0, 1, 50, 300]) {
      const cache = new StateCache(limit);
      const pairs = PATTERNS.map((text) =>
        [new LinearRegex(text, { ...LIMITS, cache }), new RegExp(text, "u")] as const
      );
      for (const text of TEXTS) {
        for (const [linear, native] of pairs) assertEquals(linear.test(text), native.test(text), `${native} ${text}`);
      }
    }
  });

  it("throws the SyntaxError of RegExp", () => {
    for (const pattern of ["(", "[", "a{2,1}", "\\", "*", "a{", "\\p{Nothing}", "(?<=a)*"]) {
      const error = assertThrows(() => new RegExp(pattern, "u"), SyntaxError);
      assertThrows(() => new LinearRegex(pattern, LIMITS), SyntaxError, error.message);
    }
  });

  it("refuses backreferences and expressions beyond the limits", () => {
    const refused: [pattern: string, reason: string][] = [
      ["(a)\\1", "backreferences are not supported"],
      ["(?<x>a)\\k<x>", "backreferences are not supported"],
      ["a{10001}", "it is too large"],
      ["((a{99}){99}){99}", "it is too large"],
      ["(?:a?){9999999}", "it is too large"],
      ["(".repeat(2000) + "a" + ")".repeat(2000), "its groups are nested too deeply"],
      ["(?=a)".repeat(25), "it has more than 24 different assertions"],
    ];
    for (const [pattern, reason] of refused) {
      assertEquals(assertThrows(() => new LinearRegex(pattern, LIMITS), UserError).message, reason, pattern);
    }
  });

  it("accepts deep nesting in expressions of 4096 characters", () => {
    const nested = new LinearRegex("(".repeat(1000) + "a" + ")*".repeat(1000), LIMITS);
    assert(nested.test("b"));
    assert(new LinearRegex("(?:){9999999}".repeat(300), LIMITS).test(""));
    assert(!new LinearRegex("ab?".repeat(1365), LIMITS).test("a".repeat(1364)));
  });
});

function isKnown(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

/** Returns pseudorandom numbers below `limit`, the same in every run (xorshift). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Returns an expression with few repetitions, because RegExp backtracks. */
function randomPattern(random: (limit: number) => number, depth: number): string {
  const part = () => randomPattern(random, depth - 1);
  switch (random(depth > 0 ? 16 : 6)) {
    case 0:
      return "[ab]";
    case 1:
      return ["^", "$", "\\b", "\\B"][random(4)];
    case 2:
      return ".";
    case 3:
      return "[^b]";
    case 4:
      return "a";
    case 5:
      return "b";
    case 6:
    case 7:
    case 8:
      return part() + part();
    case 9:
    case 10:
      return `(?:${part()}|${part()})`;
    case 11:
    case 12:
      return `(?:${part()})${["*", "+", "?", "{2}", "{1,3}", "*?"][random(6)]}`;
    case 13:
      return `(${part()})`;
    case 14:
      return `(?${["=", "!"][random(2)]}${part()})`;
    default:
      return `(?<${["=", "!"][random(2)]}${part()})`;
  }
}

function randomText(random: (limit: number) => number): string {
  return Array.from({ length: random(9) }, () => "aab/\n"[random(5)]).join("");
}
