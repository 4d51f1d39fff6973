import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parse } from "@std/yaml";
import { findKeyLine } from "../../src/config/key_line.ts";
import { processorMs } from "../support/processor_time.ts";

/** Returns the lines that the scan finds for these paths in valid YAML. */
function check(text: string, expected: Record<string, number | undefined>): void {
  parse(text, { schema: "failsafe" });
  for (const [path, line] of Object.entries(expected)) {
    assertEquals(findKeyLine(text, path.split(">")), line, `${path} in ${JSON.stringify(text)}`);
  }
}

describe("the line of a key", () => {
  it("is found in block style", () => {
    check("a: 1\nb: 2\n", { a: 1, b: 2, c: undefined });
    check("# a: 0\n\n---\na : 1 # b: 2\n\n  # c\nb:\n  c: 3\n  d: 4\nc: 5\n", {
      a: 4,
      b: 7,
      "b>c": 8,
      "b>d": 9,
      c: 10,
    });
    check("a:\r\n  b: 1\r\nc: 2\r\n", { "a>b": 2, c: 3 });
    check("\ufeff  a: 1\n  b: 2", { a: 1, b: 2 });
    check("%YAML 1.2\n---\na: 1\n", { a: 3 });
    check("\"a\": 1\n'b c': 2\nd e: 3\nf-g_h: 4\n", { a: 1, "b c": 2, "d e": 3, "f-g_h": 4 });
    check('hosts:\n  "*.lab":\n    streams: 8\n  b:\n    streams: 9\n', {
      hosts: 1,
      "hosts>*.lab": 2,
      "hosts>*.lab>streams": 3,
      "hosts>b>streams": 5,
      streams: undefined,
    });
  });

  it("is found in flow style on one line", () => {
    check('a: 1\nhosts: {"*.lab": {streams: 8}}\nb: 2\n', { "hosts>*.lab>streams": 2, "hosts>*.lab": 2, b: 3 });
    check("{a: 1, b: 2}\n", { a: 1, b: 1 });
    check("a: [1, \"]\", '{']\nb: 2\n", { b: 2 });
    check('a: {b: "}"} # {\nc: 1\n', { "a>b": 1, c: 2 });
  });

  it("is not mistaken for the same word in a list or a text", () => {
    check("a:\n- b\n- c: d\nc: 1\n", { a: 1, c: undefined });
    check("a:\n- b\n-\n  - c\nd: 1\n", { a: 1, d: 5 });
    check("a: |\n  b: 1\n\n  c: 2\nb: 3\n", { b: 5, "a>b": undefined });
    check("a: >-\n  b: 1\nc:\n  b: |2\n     d: 1\n  d: 2\n", { "c>b": 4, "c>d": 6 });
    check("a: &x |\n  b: 1\nb: 3\n", { b: 3 });
    check("a: b\n  c\n  d\ne: 1\n", { e: 4 });
    check("a: don't\nb: 1\n", { b: 2 });
    check("a: http://x:1\nb: 1\n", { b: 2 });
  });

  it("is undefined if in doubt", () => {
    check('a: "b\n  c: 1\n  "\nc: 2\n', { a: 1, c: undefined });
    check("a: 'b\n\n  c: 1'\nc: 2\n", { c: undefined });
    check("a: {\n  b: 1,\n  c: 2\n}\nc: 3\n", { a: 1, "a>b": undefined, c: undefined });
    check("? a\n: 1\nb: 2\n", { a: undefined, b: undefined });
    check("a: &x\n  b: 1\nc: *x\nd: 2\n", { "a>b": 2, "c>b": undefined, d: 4 });
  });

  it("is found in linear time in long lines", () => {
    const took = processorMs(() => {
      assertEquals(findKeyLine(`a: 1\n${"b ".repeat(100_000)}\nc: 1`, ["c"]), undefined);
      assertEquals(findKeyLine("a: " + "[".repeat(9_000), ["c"]), undefined);
    });
    assert(took < 1000, `${took} ms`);
  });
});
