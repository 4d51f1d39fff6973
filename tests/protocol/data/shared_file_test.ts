import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  MAX_SHARED_BYTES,
  readSharedFile,
  SHARED_FILE_BYTES,
  type SharedFile,
  writeSharedFile,
} from "../../../src/protocol/data/shared_file.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, readBlockHeader, writeBlockHeader } from "../../../src/protocol/data/block.ts";
import { assertProtocolError } from "../protocol_error.ts";

const MAX = 2 ** 53 - 1;

describe("reference to a shared file", () => {
  it("round-trips at the limits of each field", () => {
    const all: SharedFile[] = [{ descriptor: 2 ** 32 - 1, dev: MAX, inode: MAX }, { descriptor: 0, dev: 0, inode: 0 }];
    for (const lent of all) {
      const view = new DataView(new ArrayBuffer(SHARED_FILE_BYTES + 3));
      writeSharedFile(view, 3, lent);
      assertEquals(readSharedFile(view, 3, view.byteLength), lent);
    }
  });

  it("is rejected if a number is out of range", () => {
    for (const at of [4, 12]) {
      const view = new DataView(new ArrayBuffer(SHARED_FILE_BYTES));
      view.setUint8(at + 7, 0x20);
      assertProtocolError("bad-block", () => readSharedFile(view, 0, SHARED_FILE_BYTES));
    }
  });
});

describe("reference block", () => {
  function read(length: number, stored: number, crc32 = 0): number {
    const view = new DataView(new ArrayBuffer(BLOCK_HEADER_BYTES + stored));
    const header = { unit: 1, file: 2, offset: 3, length, crc32, codec: BlockCodec.reference, last: true };
    writeBlockHeader(view, 0, header);
    return readBlockHeader(view, 0, view.byteLength, 1000).length;
  }

  it("may be longer than the block size of the job", () => {
    assertEquals(read(MAX_SHARED_BYTES, 20), MAX_SHARED_BYTES);
  });

  it("is rejected with another size, with a CRC-32, and beyond its maximum length", () => {
    for (const [length, stored, crc32] of [[10, 19, 0], [10, 21, 0], [10, 0, 0], [10, 20, 1]]) {
      assertProtocolError("bad-block", () => read(length, stored, crc32));
    }
    assertProtocolError("bad-block", () => read(MAX_SHARED_BYTES + 1, 20));
  });
});
