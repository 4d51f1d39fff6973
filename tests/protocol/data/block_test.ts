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

/** Writes the header at byte 5 of a frame with `stored` bytes behind it, and reads it there. */
function passOn(block: BlockHeader, stored: number, change: (view: DataView) => void = () => {}): BlockHeader {
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
  it("fills up the line that the frame's header begins, and leaves nothing there that was there before", () => {
    assertEquals((FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES) % ALIGNMENT, 0);
    const bytes = new Uint8Array(BLOCK_HEADER_BYTES + 2).fill(0xff);
    writeBlockHeader(new DataView(bytes.buffer), 1, STORED);
    assertEquals([bytes[0], bytes[BLOCK_HEADER_BYTES + 1]], [0xff, 0xff]);
    assert(bytes.subarray(1 + 26, 1 + BLOCK_HEADER_BYTES).every((byte) => byte === 0));
  });

  it("comes back as it was, at the ends of every range", () => {
    assertEquals(passOn(STORED, 10), STORED);
    const large = { ...STORED, unit: MAX, file: MAX, crc32: MAX, offset: 2 ** 53 - 1 - 10, last: true };
    assertEquals(passOn(large, 10), large);
    assertEquals(passOn({ ...STORED, length: 0 }, 0), { ...STORED, length: 0 });
    assertEquals(passOn(ZEROS, 0), ZEROS);
  });

  it("is rejected when it is cut at any byte", () => {
    const view = new DataView(new ArrayBuffer(200));
    writeBlockHeader(view, 0, { ...STORED, length: 0 });
    for (let end = 0; end < BLOCK_HEADER_BYTES; end++) {
      assertProtocolError("bad-block", () => readBlockHeader(view, 0, end, LIMIT));
    }
    readBlockHeader(view, 0, BLOCK_HEADER_BYTES, LIMIT);
  });

  it("is rejected when fewer or more bytes follow than it claims", () => {
    for (const stored of [0, 9, 11]) assertProtocolError("bad-block", () => passOn(STORED, stored));
    for (const stored of [1, 10]) assertProtocolError("bad-block", () => passOn(ZEROS, stored));
  });

  it("takes a block of the limit and rejects one byte more", () => {
    passOn({ ...STORED, length: LIMIT }, LIMIT);
    assertProtocolError("bad-block", () => passOn({ ...STORED, length: LIMIT + 1 }, LIMIT + 1));
  });

  it("is rejected when its end is beyond 2^53 - 1", () => {
    const at = (offset: bigint) => (view: DataView) => view.setBigUint64(5 + 8, offset, true);
    assertEquals(passOn(STORED, 10, (view) => putUint53(view, 5 + 8, 2 ** 53 - 11)).offset, 2 ** 53 - 11);
    for (const offset of [2n ** 53n - 10n, 2n ** 53n, 2n ** 64n - 1n]) {
      assertProtocolError("bad-block", () => passOn(STORED, 10, at(offset)));
    }
  });

  it("is rejected with a codec that is not known", () => {
    for (const codec of [4, 255]) assertProtocolError("bad-block", () => passOn({ ...STORED, codec }, 10));
  });

  it("stands for as many bytes as a compressed block says, up to the limit and more than there are", () => {
    for (const codec of [BlockCodec.zstd, BlockCodec.deflate]) {
      for (const length of [11, LIMIT]) assertEquals(passOn({ ...STORED, codec, length }, 10).length, length);
      for (const length of [0, 9, 10, LIMIT + 1, 2 ** 32 - 1]) {
        assertProtocolError("bad-block", () => passOn({ ...STORED, codec, length }, 10));
      }
    }
  });

  it("leaves alone what may get a meaning later", () => {
    const reserved = (view: DataView) => {
      view.setUint8(5 + 25, 0xfe);
      for (let at = 26; at < BLOCK_HEADER_BYTES; at++) view.setUint8(5 + at, 0xff);
    };
    assertEquals(passOn(STORED, 10, reserved), STORED);
  });
});
