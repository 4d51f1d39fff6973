import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { rewriteRsyncStars } from "../../../src/files/glob/rsync_stars.ts";
import { compileRule } from "../../../src/files/glob/rule.ts";

const UNCHANGED = [
  ...["a", "*", "**", "a/**", "/**/a", "a/**/b", "**/a/", "{a,**/b}", "\\**", "[**]", "[[:alpha:]**]", "a\\*\\*\\*b"],
  ...["a,b/**", "[***]/**", "/\udcff/**", "a\\*\\**"],
];

/** Patterns, paths that they match, and paths that they do not match. Directories end in "/". */
const REWRITTEN: readonly [pattern: string, matching: string[], others: string[]][] = [
  ["/a/***", ["a/", "a/b", "a/b/c"], ["a", "b/a/", "b/a/c"]],
  ["./a/***", ["a/", "a/b"], ["b/a/", "b/a/c"]],
  ["a/***", ["a/", "a/b", "b/a/", "b/a/c"], ["a", "b/a", "ab/"]],
  ["a//***", ["a/", "b/a/c"], ["a"]],
  ["b/a/***", ["b/a/", "b/a/c"], ["a/", "b/a", "x/b/a/"]],
  ["/***", ["a", "a/", "a/b"], []],
  ["**/***", ["a", "a/", "a/b", "a/b/"], []],
  ["{a,/b}/***", ["a/", "x/a/c", "b/", "b/c"], ["x/b/", "x/b/c"]],
  ["{x,a/***}", ["x", "y/x", "a/", "y/a/b"], ["a"]],
  ["{a,b/c\\,d}/***", ["a/e", "b/c,d/e"], ["b/c", "d/e"]],
  ["a,{b,c}d/***", ["a,bd/", "x/a,cd/e"], ["a", "d/", "bd/"]],
  ["\\{a,b\\}/***", ["{a,b}/", "{a,b}/c"], ["a/", "b}/"]],
  ["{a}/***", ["{a}/", "x/{a}/b"], ["a/"]],
  ["[a,]/***", ["a/", ",/x"], ["[a/"]],
  ["\udcff/***", ["\udcff/", "a/\udcff/b"], []],
  ["/x/**.o", ["x/.o", "x/a.o", "x/a/b.o"], ["x/a/b", "y/x/a.o", "x.o"]],
  ["**.o", ["a.o", "x/a.o", "x/y/.o"], ["a.c"]],
  ["a**c", ["ac", "abc", "a/c", "ab/x/bc", "y/a/c"], ["a", "ba/c", "a/cb"]],
  ["a**c/", ["ac/", "y/a/c/"], ["ac", "y/a/c"]],
  ["/a**c", ["ac", "a/x/c"], ["y/a/c"]],
  ["/a\\**", ["a*", "a*b"], ["a*/b"]],
  ["/a\\***", ["a*", "a*b", "a*/b"], ["a", "ab"]],
  ["/[*]**x\\", ["*x\\", "*a/bx\\"], ["*x", "ax\\"]],
  ["x/{a**b,c}", ["x/ab", "x/a/b", "x/c"], ["y/c", "c"]],
];

describe("rewriteRsyncStars", () => {
  it("returns patterns without stars of rsync as they are", () => {
    for (const pattern of UNCHANGED) assertEquals(rewriteRsyncStars(pattern), pattern);
  });

  for (const [pattern, matching, others] of REWRITTEN) {
    it(`rewrites ${pattern}`, () => {
      const rewritten = rewriteRsyncStars(pattern);
      const test = compileRule(rewritten);
      const matches = (path: string) => test(path.replace(/\/$/, ""), path.endsWith("/"));
      assertEquals([...matching, ...others].filter(matches), matching, rewritten);
      assertEquals(rewriteRsyncStars(rewritten), rewritten, "-R rewrites the pattern again");
    });
  }

  it("refuses three stars in other places", () => {
    for (const pattern of ["***", "a***", "***/a", "a/***/b", "a/***/", "a/b***", "/a/****", "{***,a}", "a***\\"]) {
      const error = assertThrows(() => rewriteRsyncStars(pattern), UserError);
      assertEquals(error.message.endsWith('"***" is only supported at its end, after a slash'), true, error.message);
    }
  });

  it("refuses invalid patterns in their own words", () => {
    const message = 'Cannot use the pattern "{a/***": "{" is never closed';
    assertThrows(() => rewriteRsyncStars("{a/***"), UserError, message);
    assertThrows(() => rewriteRsyncStars("[a/***"), UserError, 'Cannot use the pattern "[a/***": "[" is never closed');
  });
});
