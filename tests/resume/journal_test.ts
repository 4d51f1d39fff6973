import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { encodeName } from "../../src/protocol/names.ts";
import type { SummedRange } from "../../src/protocol/range_sums.ts";
import {
  decodeJournal,
  encodeJournalHeader,
  isJournalOf,
  JOURNAL_HEADER_BYTES,
  JOURNAL_RECORD_BYTES,
  type JournalHeader,
  putJournalRecord,
  sortedBlocks,
} from "../../src/resume/journal.ts";

const HEADER: JournalHeader = {
  size: 2 ** 53 - 1,
  mtime: -5,
  mtimeNs: 999_999_999,
  identity: "9007199254740991:1",
  name: encodeName("a/\udcff".slice(2)),
};
const BLOCKS: SummedRange[] = [
  { start: 0, end: 1, crc32: 0 },
  { start: 2 ** 40, end: 2 ** 40 + 2 ** 33, crc32: 0xffffffff },
  { start: 1, end: 5, crc32: 7 },
];

function journal(header = HEADER, blocks = BLOCKS): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(JOURNAL_HEADER_BYTES + blocks.length * JOURNAL_RECORD_BYTES);
  bytes.set(encodeJournalHeader(header));
  blocks.forEach(({ start, end, crc32 }, index) => {
    putJournalRecord(bytes, JOURNAL_HEADER_BYTES + index * JOURNAL_RECORD_BYTES, start, end, crc32);
  });
  return bytes;
}

describe("journal", () => {
  it("comes back as it was written", () => {
    const decoded = decodeJournal(journal());
    assertEquals(decoded, { header: HEADER, blocks: BLOCKS, validBytes: journal().length });
    assert(isJournalOf(decoded!.header, HEADER));
  });

  it("has its layout", () => {
    const bytes = journal({ size: 1, mtime: 2, mtimeNs: 3, identity: "ab", name: encodeName("c") }, [
      { start: 4, end: 6, crc32: 5 },
    ]);
    // Sums by zlib.crc32 of Python over the bytes in question.
    const hex = (from: number, to: number) =>
      Array.from(bytes.subarray(from, to), (b) => b.toString(16).padStart(2, "0")).join("");
    assertEquals(hex(0, 12), "455343504a524e4c01000000");
    assertEquals(hex(16, 42), "0100000000000000" + "0200000000000000" + "03000000" + "0200" + "0100" + "6162");
    assertEquals(hex(168, 170), "6300");
    assertEquals(hex(512, 532), "0400000000000000" + "0600000000000000" + "05000000");
    assertEquals(bytes.length, 536);
  });

  it("cut short anywhere is a shorter journal, or none", () => {
    const bytes = journal();
    for (let length = 0; length <= bytes.length; length++) {
      const decoded = decodeJournal(bytes.slice(0, length));
      if (length < JOURNAL_HEADER_BYTES) {
        assertEquals(decoded, undefined);
        continue;
      }
      const whole = Math.floor((length - JOURNAL_HEADER_BYTES) / JOURNAL_RECORD_BYTES);
      const validBytes = JOURNAL_HEADER_BYTES + whole * JOURNAL_RECORD_BYTES;
      assertEquals(decoded, { header: HEADER, blocks: BLOCKS.slice(0, whole), validBytes }, `${length} bytes`);
    }
  });

  it("with any bit flipped is a shorter journal, or none", () => {
    const bytes = journal();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const decoded = decodeJournal(bytes);
      if (bit >> 3 < JOURNAL_HEADER_BYTES) assertEquals(decoded, undefined, `bit ${bit}`);
      else {
        const whole = Math.floor(((bit >> 3) - JOURNAL_HEADER_BYTES) / JOURNAL_RECORD_BYTES);
        assertEquals(decoded?.blocks, BLOCKS.slice(0, whole), `bit ${bit}`);
      }
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it("with zeros behind it, as after a power cut, is as long as it was", () => {
    const bytes = new Uint8Array(journal().length + 4096);
    bytes.set(journal());
    assertEquals(decodeJournal(bytes)?.blocks, BLOCKS);
  });

  it("counts no block that is empty, backwards, or beyond the end", () => {
    const header = { ...HEADER, size: 10 };
    for (const [start, end] of [[0, 0], [3, 2], [9, 11], [2 ** 53, 2 ** 53 + 2]]) {
      assertEquals(
        decodeJournal(journal(header, [{ start, end, crc32: 0 }, { start: 0, end: 1, crc32: 0 }]))?.blocks,
        [],
      );
    }
    assertEquals(decodeJournal(journal(header, [{ start: 9, end: 10, crc32: 0 }]))?.blocks.length, 1);
  });

  it("is another's when anything of the source differs", () => {
    const others: Partial<JournalHeader>[] = [
      { size: 1 },
      { mtime: 0 },
      { mtimeNs: 1 },
      { identity: "1:1" },
      { name: encodeName("b") },
      { name: encodeName("\udcffb") },
    ];
    for (const other of others) {
      assertEquals(
        isJournalOf(decodeJournal(journal())!.header, { ...HEADER, ...other }),
        false,
        JSON.stringify(other),
      );
    }
  });

  it("takes names of 255 bytes and identities of 128, and no longer ones", () => {
    const longest = { ...HEADER, name: new Uint8Array(255).fill(65), identity: "i".repeat(128) };
    assertEquals(decodeJournal(journal(longest))?.header, longest);
    assertThrows(() => journal({ ...HEADER, name: new Uint8Array(256) }), RangeError);
    assertThrows(() => journal({ ...HEADER, identity: "i".repeat(129) }), RangeError);
  });
});

describe("sortedBlocks", () => {
  it("puts blocks in order; of two that overlap only one is left, the later of those that begin together", () => {
    const [a, b, c] = [{ start: 0, end: 4, crc32: 1 }, { start: 4, end: 8, crc32: 2 }, { start: 2, end: 6, crc32: 3 }];
    const again = { ...a, crc32: 9 };
    assertEquals(sortedBlocks([b, a, again]), [again, b]);
    assertEquals(sortedBlocks([a, c, b]), [a, b]);
    assertEquals(sortedBlocks([]), []);
  });
});
