import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { SummedRange } from "../../../src/protocol/data/range_sums.ts";
import {
  decodeJournal,
  decodeJournalHeader,
  encodeJournalHeader,
  isJournalOf,
  JOURNAL_RECORD_BYTES,
  type JournalHeader,
  putJournalRecord,
  sortedBlocks,
} from "../../../src/resume/partial/journal.ts";
import { type ResumableSource } from "../../../src/files/engine/partial_file.ts";
import { decodeHeader, encodeHeader, MAX_HEADER_BYTES } from "../../../src/resume/record_header.ts";

const FORMAT = { magic: "ESCPJRNL", version: 2 };
const HEADER: JournalHeader = {
  source: { size: 2 ** 53 - 1, mtime: -5, mtimeNs: 999_999_999, identity: "9007199254740991:1" },
  target: "/a/\udcff/b",
  partial: { name: `.escp-${"0123456789abcdef".repeat(2)}.part`, dev: 2 ** 45, inode: 2 ** 60, birthMs: null },
};
const HEADER_BYTES = encodeJournalHeader(HEADER).length;
const BLOCKS: SummedRange[] = [
  { start: 0, end: 1, crc32: 0 },
  { start: 2 ** 40, end: 2 ** 40 + 2 ** 33, crc32: 0xffffffff },
  { start: 1, end: 5, crc32: 7 },
];

function journal(header = HEADER, blocks = BLOCKS): Uint8Array<ArrayBuffer> {
  const start = encodeJournalHeader(header);
  const bytes = new Uint8Array(start.length + blocks.length * JOURNAL_RECORD_BYTES);
  bytes.set(start);
  blocks.forEach(({ start: from, end, crc32 }, index) => {
    putJournalRecord(bytes, start.length + index * JOURNAL_RECORD_BYTES, from, end, crc32);
  });
  return bytes;
}

describe("journal", () => {
  it("round-trips", () => {
    const decoded = decodeJournal(journal());
    const validBytes = journal().length;
    assertEquals(decoded, { header: HEADER, headerBytes: HEADER_BYTES, blocks: BLOCKS, validBytes });
    assert(isJournalOf(decoded!.header, HEADER.source));
    assertEquals(decodeJournalHeader(journal().slice(0, HEADER_BYTES)), { header: HEADER, headerBytes: HEADER_BYTES });
  });

  it("has the documented layout", () => {
    const bytes = journal(HEADER, [{ start: 4, end: 6, crc32: 5 }]);
    const hex = (from: number, to: number) => bytes.subarray(from, to).toHex();
    assertEquals(hex(0, 12), "455343504a524e4c02000000");
    const length = new DataView(bytes.buffer).getUint32(16, true);
    assertEquals(HEADER_BYTES, 20 + length);
    assertEquals(JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length))), HEADER);
    assertEquals(hex(HEADER_BYTES, HEADER_BYTES + 20), "0400000000000000" + "0600000000000000" + "05000000");
    assertEquals(bytes.length, HEADER_BYTES + 24);
  });

  it("truncated anywhere decodes to a shorter journal, or to undefined", () => {
    const bytes = journal();
    for (let length = 0; length <= bytes.length; length++) {
      const decoded = decodeJournal(bytes.slice(0, length));
      if (length < HEADER_BYTES) {
        assertEquals(decoded, undefined);
        continue;
      }
      const whole = Math.floor((length - HEADER_BYTES) / JOURNAL_RECORD_BYTES);
      const validBytes = HEADER_BYTES + whole * JOURNAL_RECORD_BYTES;
      const expected = { header: HEADER, headerBytes: HEADER_BYTES, blocks: BLOCKS.slice(0, whole), validBytes };
      assertEquals(decoded, expected, `${length} bytes`);
    }
  });

  it("with any bit flipped decodes to a shorter journal, or to undefined", () => {
    const bytes = journal();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const decoded = decodeJournal(bytes);
      if (bit >> 3 < HEADER_BYTES) assertEquals(decoded, undefined, `bit ${bit}`);
      else {
        const whole = Math.floor(((bit >> 3) - HEADER_BYTES) / JOURNAL_RECORD_BYTES);
        assertEquals(decoded?.blocks, BLOCKS.slice(0, whole), `bit ${bit}`);
      }
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it("ignores zeros after the records, as a power failure leaves them", () => {
    const bytes = new Uint8Array(journal().length + 4096);
    bytes.set(journal());
    assertEquals(decodeJournal(bytes)?.blocks, BLOCKS);
  });

  it("ignores everything from an empty, reversed or too long block on", () => {
    const header = { ...HEADER, source: { ...HEADER.source, size: 10 } };
    for (const [start, end] of [[0, 0], [3, 2], [9, 11], [2 ** 53, 2 ** 53 + 2]]) {
      assertEquals(
        decodeJournal(journal(header, [{ start, end, crc32: 0 }, { start: 0, end: 1, crc32: 0 }]))?.blocks,
        [],
      );
    }
    assertEquals(decodeJournal(journal(header, [{ start: 9, end: 10, crc32: 0 }]))?.blocks.length, 1);
  });

  it("belongs to another source if any attribute differs", () => {
    const others: Partial<ResumableSource>[] = [{ size: 1 }, { mtime: 0 }, { mtimeNs: 1 }, { identity: "1:1" }];
    for (const other of others) {
      assertEquals(isJournalOf(HEADER, { ...HEADER.source, ...other }), false, JSON.stringify(other));
    }
  });

  it("with invalid fields in the header decodes to undefined, despite a correct checksum", () => {
    const { source, target, partial } = HEADER;
    const others: unknown[] = [
      null,
      [],
      {},
      { source, target },
      { source, partial },
      { target, partial },
      { source, target: 5, partial },
      { source: { ...source, size: -0.5 }, target, partial },
      { source: { ...source, identity: undefined }, target, partial },
      { source, target, partial: { ...partial, dev: "1" } },
      { source, target, partial: { ...partial, birthMs: "1" } },
      ...["", "..", "a", "../a", ".escp-0123456789abcdef.part", `${partial.name}/..`, `../${partial.name}`].map((
        name,
      ) => ({
        source,
        target,
        partial: { ...partial, name },
      })),
    ];
    for (const other of others) {
      assertEquals(decodeJournal(encodeHeader(FORMAT, other)), undefined, JSON.stringify(other));
    }
  });
});

describe("a record header", () => {
  it("longer than the limit is neither encoded nor decoded", () => {
    const longest = { text: "x".repeat(MAX_HEADER_BYTES - 20 - 11) };
    assertEquals(decodeHeader(FORMAT, encodeHeader(FORMAT, longest))?.fields, longest);
    assertThrows(() => encodeHeader(FORMAT, { text: longest.text + "x" }), RangeError);
    const bytes = encodeHeader(FORMAT, {});
    new DataView(bytes.buffer).setUint32(16, 0xffffffff, true);
    assertEquals(decodeHeader(FORMAT, bytes), undefined);
  });

  it("of another kind or version decodes to undefined", () => {
    assertEquals(decodeHeader({ ...FORMAT, magic: "ESCPRUNJ" }, encodeHeader(FORMAT, {})), undefined);
    assertEquals(decodeHeader({ ...FORMAT, version: 3 }, encodeHeader(FORMAT, {})), undefined);
  });
});

describe("sortedBlocks", () => {
  it("sorts blocks, drops overlaps, and prefers the last record of blocks with the same start", () => {
    const [a, b, c] = [{ start: 0, end: 4, crc32: 1 }, { start: 4, end: 8, crc32: 2 }, { start: 2, end: 6, crc32: 3 }];
    const again = { ...a, crc32: 9 };
    assertEquals(sortedBlocks([b, a, again]), [again, b]);
    assertEquals(sortedBlocks([a, c, b]), [a, b]);
    assertEquals(sortedBlocks([]), []);
  });
});
