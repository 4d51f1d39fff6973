import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { decodeName, encodeName, encodeNameInto, hasEscapedBytes } from "../../src/protocol/names.ts";
import { RandomBytes } from "../support/files/random_bytes.ts";
import { processorMs } from "../support/processor_time.ts";

/** Asserts that a name round-trips, in both ways to encode it. */
function checkRoundTrip(bytes: Uint8Array): void {
  const name = decodeName(bytes);
  const room = new Uint8Array(name.length * 3);
  checkSame(encodeName(name), bytes);
  checkSame(room.subarray(0, encodeNameInto(name, room)), bytes);
}

/** Compares without assertEquals first, because there are many names. */
function checkSame(actual: Uint8Array, wanted: Uint8Array): void {
  if (actual.length === wanted.length && actual.every((byte, at) => byte === wanted[at])) return;
  assertEquals([...actual], [...wanted]);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the expected text: letters that TextDecoder accepts, and every other byte escaped. */
function expected(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const letter = letterAt(bytes, at);
    text += letter ?? String.fromCharCode(0xdc00 + bytes[at]);
    at += letter === undefined ? 1 : new TextEncoder().encode(letter).length;
  }
  return text;
}

function letterAt(bytes: Uint8Array, at: number): string | undefined {
  for (let end = at + 1; end <= Math.min(at + 4, bytes.length); end++) {
    try {
      return strict.decode(bytes.subarray(at, end));
    } catch {
      // Incomplete or invalid.
    }
  }
  return undefined;
}

function checkAsTextDecoder(...bytes: number[]): void {
  const name = Uint8Array.from(bytes);
  const text = decodeName(name);
  if (text !== expected(name)) assertEquals(text, expected(name), bytes.map((byte) => byte.toString(16)).join(" "));
  checkRoundTrip(name);
}

/** Bytes at the limits of the ranges for first and later bytes (RFC 3629, section 4). */
const FIRST = [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3];
FIRST.push(0xf4, 0xf5, 0xff);
const LATER = [0x2f, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe0, 0xf0];

describe("decodeName and encodeName", () => {
  it("accept the same letters as TextDecoder in all sequences of three and four limit bytes", () => {
    for (const first of FIRST) {
      for (const second of LATER) {
        for (const third of LATER) {
          checkAsTextDecoder(first, second, third);
          if (first < 0xef) continue;
          for (const fourth of LATER) checkAsTextDecoder(first, second, third, fourth);
        }
      }
    }
  });

  it("take linear time for valid and invalid names", () => {
    for (const piece of [[0xff], [0x61], [0x61, 0xff], [0xf0, 0x9f, 0x9a], [0xe2, 0x82, 0xac]]) {
      const bytes = Uint8Array.from({ length: 65_535 }, (_, at) => piece[at % piece.length]);
      bytes[65_534] = 0xff;
      let text = "";
      const took = processorMs(() => text = decodeName(bytes));
      assert(took < 2_000, `${took} ms`);
      assertEquals(encodeName(text).length, bytes.length);
    }
  });

  it("round-trip every sequence of one and two bytes", () => {
    for (let first = 0; first < 256; first++) {
      checkRoundTrip(Uint8Array.of(first));
      for (let second = 0; second < 256; second++) checkRoundTrip(Uint8Array.of(first, second));
    }
  });

  it("round-trip random bytes, and truncated or damaged UTF-8", () => {
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

  it("keep valid UTF-8 unchanged, also a byte order mark", () => {
    for (const text of ["", "a", "Übung", "名前", "🚀", "\ufeffbom", "a\nb", "\u{10ffff}"]) {
      const bytes = new TextEncoder().encode(text);
      assertEquals(decodeName(bytes), text);
      assertEquals(encodeName(text), bytes);
      assertEquals(hasEscapedBytes(text), false, text);
    }
  });

  it("represent each byte that is not UTF-8 as a lone surrogate", () => {
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

  it("encode lone surrogates of no byte as U+FFFD", () => {
    for (const text of ["\ud800", "\udc7f", "\udd00", "\udbff"]) {
      assertEquals([...encodeName(text)], [0xef, 0xbf, 0xbd]);
    }
  });
});
