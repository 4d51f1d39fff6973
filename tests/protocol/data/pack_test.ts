import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ALIGNMENT } from "../../../src/protocol/data/alignment.ts";
import { FRAME_HEADER_BYTES } from "../../../src/protocol/data/frame.ts";
import { PACK_HEADER_BYTES, Piece, readPackHeader, writePackHeader } from "../../../src/protocol/data/pack.ts";
import { assertProtocolError } from "../protocol_error.ts";

const LIMIT = 1000;
/** Fields of a frame that contains no piece of a file. */
const WHOLE = { piece: Piece.none, isFresh: false, crc32: 0, records: 0 };

describe("pack header", () => {
  const view = new DataView(new ArrayBuffer(3 + PACK_HEADER_BYTES));

  it("round-trips", () => {
    for (const header of [{ unit: 0, attempt: 0 }, { unit: 2 ** 32 - 1, attempt: 1 }]) {
      writePackHeader(view, 3, header);
      assertEquals(readPackHeader(view, 3, 3 + PACK_HEADER_BYTES, LIMIT), {
        ...WHOLE,
        ...header,
        codec: 0,
        length: 0,
      });
    }
  });

  it("round-trips with a piece of a file, and rejects unknown pieces", () => {
    for (const piece of [Piece.first, Piece.next, Piece.last, Piece.abandoned]) {
      const header = {
        unit: 1,
        attempt: 2,
        piece,
        isFresh: piece === Piece.last,
        crc32: 2 ** 32 - 1,
        records: 2 ** 31,
      };
      writePackHeader(view, 3, header);
      assertEquals(readPackHeader(view, 3, 3 + PACK_HEADER_BYTES, LIMIT), { ...header, codec: 0, length: 0 });
    }
    for (const piece of [5, 255]) {
      view.setUint8(3 + 16, piece);
      assertProtocolError("bad-record", () => readPackHeader(view, 3, 3 + PACK_HEADER_BYTES, LIMIT));
    }
  });

  it("ends at a multiple of 64 bytes in its frame, and overwrites all its bytes", () => {
    assertEquals((FRAME_HEADER_BYTES + PACK_HEADER_BYTES) % ALIGNMENT, 0);
    const bytes = new Uint8Array(view.buffer).fill(0xff);
    writePackHeader(view, 3, { unit: 0, attempt: 0 });
    assertEquals([...bytes], [0xff, 0xff, 0xff, ...Array(PACK_HEADER_BYTES).fill(0)]);
  });

  it("is rejected if it is truncated at any byte", () => {
    for (let end = 3; end < 3 + PACK_HEADER_BYTES; end++) {
      assertProtocolError("bad-record", () => readPackHeader(view, 3, end, LIMIT));
    }
  });

  it("accepts compressed records whose length is above their stored bytes and up to the limit", () => {
    const long = new DataView(new ArrayBuffer(PACK_HEADER_BYTES + 10));
    const read = (length: number, codec = 3) => {
      writePackHeader(long, 0, { unit: 1, attempt: 2, codec, length });
      return readPackHeader(long, 0, long.byteLength, LIMIT);
    };
    for (const codec of [2, 3]) {
      for (const length of [11, LIMIT]) {
        assertEquals(read(length, codec), { ...WHOLE, unit: 1, attempt: 2, codec, length });
      }
    }
    for (const length of [0, 10, LIMIT + 1, 2 ** 32 - 1]) assertProtocolError("bad-record", () => read(length));
    for (const codec of [1, 4, 255]) assertProtocolError("bad-record", () => read(500, codec));
  });

  it("ignores reserved bits and bytes", () => {
    new Uint8Array(view.buffer).fill(0xff);
    view.setUint32(0, 7, true);
    view.setUint32(4, 1, true);
    view.setUint8(8, 0);
    view.setUint8(16, Piece.none);
    const read = () => {
      const { unit, attempt, codec, length, piece } = readPackHeader(view, 0, view.byteLength, LIMIT);
      return { unit, attempt, codec, length, piece };
    };
    assertEquals(read(), { unit: 7, attempt: 1, codec: 0, length: 0, piece: Piece.none });
    view.setUint8(8, 2);
    view.setUint32(12, LIMIT, true);
    assertEquals(read(), { unit: 7, attempt: 1, codec: 2, length: LIMIT, piece: Piece.none });
  });
});
