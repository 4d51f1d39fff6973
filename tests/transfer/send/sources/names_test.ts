import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { sourceNameOf } from "../../../../src/transfer/send/sources/names.ts";

describe("sourceNameOf", () => {
  it('is the last component, or "." for contents', () => {
    const table: Record<string, string[]> = {
      "a": ["a"],
      "/a/b": ["b"],
      "a/b//": ["b"],
      "": ["."],
      "/": ["."],
      ".": ["."],
      "a/.": ["."],
      "a/..": ["."],
      "~": [".", "~"],
      "~/": [".", "~"],
      "~user": [".", "~user"],
      "~/a": ["a"],
      "a/~": ["~"],
    };
    for (const [operand, names] of Object.entries(table)) {
      assertEquals(sourceNameOf(operand, { tilde: true }), names, operand);
    }
  });
});
