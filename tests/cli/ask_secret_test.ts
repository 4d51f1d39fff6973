import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HiddenLine } from "../../src/cli/ask_secret.ts";
import { Interrupted } from "../../src/errors.ts";

/** Types a text byte by byte. Returns the end of the line, if there is one. */
function type(text: string): { line?: string } | undefined {
  const line = new HiddenLine();
  for (const byte of new TextEncoder().encode(text)) {
    const end = line.type(Uint8Array.of(byte));
    if (end) return end;
  }
}

describe("a hidden line", () => {
  it("ends at Enter", () => {
    assertEquals(type("abc\r"), { line: "abc" });
    assertEquals(type("\u00e4\u20ac\n"), { line: "\u00e4\u20ac" });
    assertEquals(type("\rabc"), { line: "" });
    assertEquals(new HiddenLine().type(new TextEncoder().encode("pasted\r\nnext")), { line: "pasted" });
    assertEquals(type("abc"), undefined);
  });

  it("can be corrected", () => {
    assertEquals(type("abx\x7fc\r"), { line: "abc" });
    assertEquals(type("\b\babx\bc\r"), { line: "abc" });
    assertEquals(type("wrong\x15abc\r"), { line: "abc" });
    assertEquals(type("a\x1bb\tc\r"), { line: "abc" });
  });

  it("ends without a text after Ctrl-D, and is interrupted by Ctrl-C", () => {
    assertEquals(type("\x04"), {});
    assertEquals(type("a\x04b\r"), { line: "ab" });
    assertThrows(() => type("abc\x03"), Interrupted);
  });

  it("has a maximum length", () => {
    assertEquals(type("a".repeat(5_000) + "\r")?.line?.length, 4_096);
  });
});
