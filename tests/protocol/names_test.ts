import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { decodeName, encodeName, hasEscapedBytes } from "../../src/protocol/names.ts";
import { RandomBytes } from "../support/random_bytes.ts";

/** Fails with the bytes in hexadecimal; a comparison of plain numbers first, as there are many. */
function checkRoundTrip(bytes: Uint8Array): void {
  const back = encodeName(decodeName(bytes));
  if (back.length === bytes.length && back.every((byte, at) => byte === bytes[at])) return;
  assertEquals([...back], [...bytes]);
}

describe("names", () => {
  it("give back every sequence of one and of two bytes", () => {
    for (let first = 0; first < 256; first++) {
      checkRoundTrip(Uint8Array.of(first));
      for (let second = 0; second < 256; second++) checkRoundTrip(Uint8Array.of(first, second));
    }
  });

  it("give back random bytes, and sequences of UTF-8 that are cut or damaged", () => {
    const random = new RandomBytes("names");
    const whole = new TextEncoder().encode("aß€🚀\u0800\uffff\u{10ffff}");
    for (let round = 0; round < 3000; round++) {
      const bytes = new Uint8Array(random.below(40));
      random.fill(bytes);
      checkRoundTrip(bytes);
      const damaged = whole.slice(random.below(4), whole.length - random.below(4));
      damaged[random.below(damaged.length)] = random.below(256);
      checkRoundTrip(damaged);
    }
  });

  it("leave UTF-8 as it is, with a byte order mark too", () => {
    for (const text of ["", "a", "Übung", "名前", "🚀", "\ufeffbom", "a\nb", "\u{10ffff}"]) {
      const bytes = new TextEncoder().encode(text);
      assertEquals(decodeName(bytes), text);
      assertEquals(encodeName(text), bytes);
      assertEquals(hasEscapedBytes(text), false, text);
    }
  });

  it("hold each byte that is not UTF-8 as one lone surrogate", () => {
    const cases: [number[], string][] = [
      [[0xff], "\udcff"],
      [[0x61, 0xe9, 0x62], "a\udce9b"],
      [[0xc3], "\udcc3"],
      [[0xe2, 0x82, 0x41], "\udce2\udc82A"],
      [[0xc0, 0xaf], "\udcc0\udcaf"], // an overlong "/"
      [[0xed, 0xb2, 0x80], "\udced\udcb2\udc80"], // the surrogate U+DC80 itself
      [[0xf5, 0x80, 0x80, 0x80], "\udcf5\udc80\udc80\udc80"],
      [[0xf0, 0x9f, 0x9a, 0x80, 0x80], "🚀\udc80"],
    ];
    for (const [bytes, text] of cases) {
      assertEquals(decodeName(Uint8Array.from(bytes)), text);
      assertEquals([...encodeName(text)], bytes);
      assertEquals(hasEscapedBytes(text), true);
    }
  });

  it("turn surrogates that stand for no byte into U+FFFD", () => {
    for (const text of ["\ud800", "\udc7f", "\udd00", "\udbff"]) {
      assertEquals([...encodeName(text)], [0xef, 0xbf, 0xbd]);
    }
  });
});
