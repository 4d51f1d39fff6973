import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ALIGNMENT } from "../../../src/protocol/data/alignment.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCodec,
  type BlockHeader,
  readBlockHeader,
  writeBlockHeader,
} from "../../../src/protocol/data/block.ts";
import { FRAME_HEADER_BYTES } from "../../../src/protocol/data/frame.ts";
import { putUint53 } from "../../../src/protocol/data/records.ts";
import { assertProtocolError } from "../protocol_error.ts";

const LIMIT = 1000;
const MAX = 2 ** 32 - 1;

/** Writes the header at offset 5, with `stored` bytes after it, and reads it. */
function roundTrip(block: BlockHeader, stored: number, change: (view: DataView) => void = () => {}): BlockHeader {
  const bytes = new Uint8Array(5 + BLOCK_HEADER_BYTES + stored);
  const view = new DataView(bytes.buffer);
  writeBlockHeader(view, 5, block);
  change(view);
  return readBlockHeader(view, 5, bytes.length, LIMIT);
}

const STORED: BlockHeader = {
  unit: 1,
  file: 2,
  offset: 3,
  length: 10,
  crc32: 4,
  codec: BlockCodec.stored,
  last: false,
};
const ZEROS: BlockHeader = { ...STORED, codec: BlockCodec.zeros };

describe("block header", () => {
  it("ends at a multiple of 64 bytes in its frame, and overwrites all its bytes", () => {
    assertEquals((FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES) % ALIGNMENT, 0);
    const bytes = new Uint8Array(BLOCK_HEADER_BYTES + 2).fill(0xff);
    writeBlockHeader(new DataView(bytes.buffer), 1, STORED);
    assertEquals([bytes[0], bytes[BLOCK_HEADER_BYTES + 1]], [0xff, 0xff]);
    assert(bytes.subarray(1 + 26, 1 + BLOCK_HEADER_BYTES).every((byte) => byte === 0));
  });

  it("round-trips at the limits of each field", () => {
    assertEquals(roundTrip(STORED, 10), STORED);
    const large = { ...STORED, unit: MAX, file: MAX, crc32: MAX, offset: 2 ** 53 - 1 - 10, last: true };
    assertEquals(roundTrip(large, 10), large);
    assertEquals(roundTrip({ ...STORED, length: 0 }, 0), { ...STORED, length: 0 });
    assertEquals(roundTrip(ZEROS, 0), ZEROS);
  });

  it("is rejected if it is truncated at any byte", () => {
    const view = new DataView(new ArrayBuffer(200));
    writeBlockHeader(view, 0, { ...STORED, length: 0 });
    for (let end = 0; end < BLOCK_HEADER_BYTES; end++) {
      assertProtocolError("bad-block", () => readBlockHeader(view, 0, end, LIMIT));
    }
    readBlockHeader(view, 0, BLOCK_HEADER_BYTES, LIMIT);
  });

  it("is rejected if fewer or more bytes follow than its length", () => {
    for (const stored of [0, 9, 11]) assertProtocolError("bad-block", () => roundTrip(STORED, stored));
    for (const stored of [1, 10]) assertProtocolError("bad-block", () => roundTrip(ZEROS, stored));
  });

  it("accepts a block of the maximum length, and rejects one more byte", () => {
    roundTrip({ ...STORED, length: LIMIT }, LIMIT);
    assertProtocolError("bad-block", () => roundTrip({ ...STORED, length: LIMIT + 1 }, LIMIT + 1));
  });

  it("is rejected if its end is above 2^53 - 1", () => {
    const at = (offset: bigint) => (view: DataView) => view.setBigUint64(5 + 8, offset, true);
    assertEquals(roundTrip(STORED, 10, (view) => putUint53(view, 5 + 8, 2 ** 53 - 11)).offset, 2 ** 53 - 11);
    for (const offset of [2n ** 53n - 10n, 2n ** 53n, 2n ** 64n - 1n]) {
      assertProtocolError("bad-block", () => roundTrip(STORED, 10, at(offset)));
    }
  });

  it("is rejected with an unknown codec", () => {
    for (const codec of [5, 255]) assertProtocolError("bad-block", () => roundTrip({ ...STORED, codec }, 10));
  });

  it("accepts a compressed block whose length is above its stored bytes and up to the limit", () => {
    for (const codec of [BlockCodec.zstd, BlockCodec.deflate]) {
      for (const length of [11, LIMIT]) assertEquals(roundTrip({ ...STORED, codec, length }, 10).length, length);
      for (const length of [0, 9, 10, LIMIT + 1, 2 ** 32 - 1]) {
        assertProtocolError("bad-block", () => roundTrip({ ...STORED, codec, length }, 10));
      }
    }
  });

  it("ignores reserved bits and bytes", () => {
    const reserved = (view: DataView) => {
      view.setUint8(5 + 25, 0xfe);
      for (let at = 26; at < BLOCK_HEADER_BYTES; at++) view.setUint8(5 + at, 0xff);
    };
    assertEquals(roundTrip(STORED, 10, reserved), STORED);
  });
});
