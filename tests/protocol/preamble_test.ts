import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatPreamble, parsePreamble, PREAMBLE_BYTES } from "../../src/protocol/preamble.ts";
import { toHex } from "./hex.ts";
import { assertProtocolError } from "./protocol_error.ts";

const SESSION = "00112233445566778899aabbccddeeff";

describe("preamble", () => {
  it("is the magic, the session and the number of the stream", () => {
    const bytes = formatPreamble(SESSION, 0x01020304);
    assertEquals(toHex(bytes), toHex(new TextEncoder().encode("ESCPDATA")) + SESSION + "01020304");
    assertEquals(bytes.length, PREAMBLE_BYTES);
  });

  it("gives back the number", () => {
    for (const stream of [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1]) {
      assertEquals(parsePreamble(formatPreamble(SESSION, stream), SESSION), stream);
    }
  });

  it("is rejected when any bit of magic or session differs", () => {
    for (let bit = 0; bit < 24 * 8; bit++) {
      const bytes = formatPreamble(SESSION, 5);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      assertProtocolError("bad-preamble", () => parsePreamble(bytes, SESSION));
    }
  });
});
