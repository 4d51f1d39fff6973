import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatPreamble, parsePreamble, PREAMBLE_BYTES } from "../../../src/protocol/data/preamble.ts";
import { assertProtocolError } from "../protocol_error.ts";

const SESSION = "00112233445566778899aabbccddeeff";

describe("preamble", () => {
  it("has magic, session, stream number, and zeros up to 64 bytes", () => {
    const bytes = formatPreamble(SESSION, 0x01020304);
    const said = new TextEncoder().encode("ESCPDATA").toHex() + SESSION + "01020304";
    assertEquals(bytes.toHex(), said.padEnd(128, "0"));
    assertEquals([bytes.length, PREAMBLE_BYTES], [64, 64]);
  });

  it("round-trips the stream number", () => {
    for (const stream of [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1]) {
      assertEquals(parsePreamble(formatPreamble(SESSION, stream), SESSION), stream);
    }
  });

  it("is rejected if any bit outside the stream number differs", () => {
    for (let bit = 0; bit < PREAMBLE_BYTES * 8; bit++) {
      if (bit >= 24 * 8 && bit < 28 * 8) continue;
      const bytes = formatPreamble(SESSION, 5);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      assertProtocolError("bad-preamble", () => parsePreamble(bytes, SESSION));
    }
  });

  it("is rejected if it is too short or too long", () => {
    const bytes = formatPreamble(SESSION, 5);
    for (let cut = 0; cut < PREAMBLE_BYTES; cut++) {
      assertProtocolError("bad-preamble", () => parsePreamble(bytes.subarray(0, cut), SESSION));
    }
    assertProtocolError("bad-preamble", () => parsePreamble(Uint8Array.of(...bytes, 0), SESSION));
    assert(parsePreamble(Uint8Array.of(0, ...bytes).subarray(1), SESSION) === 5);
  });
});
