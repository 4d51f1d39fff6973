import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NonceSequence } from "../../../src/crypto/nonce.ts";
import { ALIGNMENT, alignUp } from "../../../src/protocol/data/alignment.ts";
import {
  checkFrameIv,
  FRAME_HEADER_BYTES,
  FRAME_TAG_BYTES,
  frameBytes,
  FrameKind,
  frameKind,
  framePayloadBytes,
  writeFrameHeader,
} from "../../../src/protocol/data/frame.ts";
import { assertProtocolError } from "../protocol_error.ts";

function header(kind: number, counter: number, length: number): Uint8Array {
  const nonces = new NonceSequence(Uint8Array.fromHex("aabbccdd"), counter);
  nonces.advance(kind);
  const bytes = new Uint8Array(3 + FRAME_HEADER_BYTES);
  writeFrameHeader(bytes, 3, nonces.nonce, length);
  return bytes.subarray(3);
}

describe("frameBytes", () => {
  it("returns the lowest multiple of 64 for header, payload and tag", () => {
    assertEquals([0, 36, 37, 100, 101].map(frameBytes), [64, 64, 128, 128, 192]);
    for (let payload = 0; payload < 300; payload++) {
      const bare = FRAME_HEADER_BYTES + payload + FRAME_TAG_BYTES;
      const bytes = frameBytes(payload);
      assertEquals([bytes % ALIGNMENT, bytes >= bare, bytes - bare < ALIGNMENT], [0, true, true], `${payload}`);
    }
    assertEquals(frameBytes(2 ** 32 - 1), 2 ** 32 + 64);
  });
});

describe("alignUp", () => {
  it("rounds up to a multiple of 64", () => {
    const cases = [[0, 0], [1, 64], [63, 64], [64, 64], [65, 128], [2 ** 32 + 1, 2 ** 32 + 64]];
    for (const [bytes, aligned] of cases) assertEquals(alignUp(bytes), aligned);
    assertEquals(alignUp(2 ** 53 - 64), 2 ** 53 - 64);
    assertEquals(alignUp(2 ** 53 - 65), 2 ** 53 - 64);
  });
});

describe("frame header", () => {
  it("has kind, counter and length in big-endian order", () => {
    assertEquals(header(FrameKind.proof, 0, 0).toHex(), "010000000000000000000000");
    assertEquals(header(FrameKind.block, 0x0102030405, 0x00100020).toHex(), "030000010203040500100020");
    assertEquals(header(FrameKind.end, 2 ** 48 - 1, 2 ** 32 - 1).toHex(), "0600ffffffffffffffffffff");
  });

  it("has a known kind, otherwise it is rejected", () => {
    for (const kind of Object.values(FrameKind)) assertEquals(frameKind(header(kind, 0, 0), 0), kind);
    for (const kind of [0, 10, 11, 255]) {
      assertProtocolError("bad-frame", () => frameKind(header(kind, 0, 0), 0));
    }
  });

  it("has a length up to the limit, otherwise it is rejected", () => {
    for (const length of [0, 1, 255, 256, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      const bytes = header(FrameKind.block, 0, length);
      assertEquals(framePayloadBytes(bytes, 0, length), length);
      if (length === 0) continue;
      const { message } = assertProtocolError("bad-frame", () => framePayloadBytes(bytes, 0, length - 1));
      assertStringIncludes(message, `${length}`);
    }
  });

  it("must have the next IV", () => {
    const nonces = new NonceSequence(Uint8Array.fromHex("aabbccdd"), 500);
    nonces.advance(FrameKind.block);
    checkFrameIv(header(FrameKind.block, 500, 9), 0, nonces.nonce);
    const others = [[FrameKind.block, 499], [FrameKind.block, 501], [FrameKind.block, 0], [FrameKind.pack, 500]];
    for (const [kind, counter] of others) {
      assertProtocolError("bad-counter", () => checkFrameIv(header(kind, counter, 9), 0, nonces.nonce));
    }
    for (let at = 0; at < 8; at++) {
      const bytes = header(FrameKind.block, 500, 9).slice();
      bytes[at] ^= 0x80;
      assertProtocolError("bad-counter", () => checkFrameIv(bytes, 0, nonces.nonce));
    }
  });
});
