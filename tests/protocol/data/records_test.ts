import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ALIGNMENT } from "../../../src/protocol/data/alignment.ts";
import {
  contentOffset,
  getInt53,
  getUint53,
  putInt53,
  putUint53,
  RECORD_HEADER_BYTES,
  recordBytes,
  RecordCursor,
  RecordField,
  RecordType,
} from "../../../src/protocol/data/records.ts";
import { PackBuilder } from "../../../src/files/walk/pack_builder.ts";
import { assertProtocolError } from "../protocol_error.ts";
import { record } from "../record.ts";

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

function read(bytes: Uint8Array, options = { plan: false }) {
  const cursor = new RecordCursor(bytes, 0, bytes.length, options);
  const seen: { type: number; root: number; name: string; contents: string }[] = [];
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  while (cursor.next()) {
    const { type, root, nameStart, nameEnd, contentStart, contentBytes } = cursor;
    const contents = text(contentStart, contentStart + contentBytes);
    seen.push({ type, root, name: text(nameStart, nameEnd), contents });
  }
  return seen;
}

const FOUR = join(
  record({ type: RecordType.directory, root: 3, name: "a/b" }),
  record({ type: RecordType.file, root: 3, name: "f", contents: "hello" }),
  record({ type: RecordType.symlink, root: 3, name: "s", contents: "../../anywhere" }),
  record({ type: RecordType.hardlink, root: 3, name: "h", contents: "a/b/f" }),
);

describe("root of a record", () => {
  it("has 24 bits", () => {
    for (const root of [0, 65_535, 65_536, 999_999]) {
      const bytes = record({ type: RecordType.file, root: root & 0xffff, name: "f" });
      bytes[RecordField.rootHigh] = root >>> 16;
      assertEquals(read(bytes)[0].root, root);
      const builder = new PackBuilder();
      builder.enter(root, new Uint8Array(0), ATTRIBUTES);
      assertEquals(read(builder.take()!.plan)[0].root, root);
    }
  });
});

describe("53-bit integers in 64 bits", () => {
  const view = new DataView(new ArrayBuffer(8));

  it("round-trip at every boundary", () => {
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
      putUint53(view, 0, value);
      assertEquals(getUint53(view, 0), value);
      assertEquals(view.getBigUint64(0, true), BigInt(value));
      putInt53(view, 0, -value);
      assertEquals(getInt53(view, 0), -value + 0);
      assertEquals(view.getBigInt64(0, true), -BigInt(value));
    }
  });

  it("are not safe integers above 2^53 - 1", () => {
    view.setBigUint64(0, 2n ** 53n, true);
    assertEquals(Number.isSafeInteger(getUint53(view, 0)), false);
    view.setBigUint64(0, 2n ** 64n - 1n, true);
    assertEquals(Number.isSafeInteger(getUint53(view, 0)), false);
  });
});

describe("RecordCursor", () => {
  it("iterates over one record of each type", () => {
    assertEquals(read(FOUR), [
      { type: RecordType.directory, root: 3, name: "a/b", contents: "" },
      { type: RecordType.file, root: 3, name: "f", contents: "hello" },
      { type: RecordType.symlink, root: 3, name: "s", contents: "../../anywhere" },
      { type: RecordType.hardlink, root: 3, name: "h", contents: "a/b/f" },
    ]);
  });

  it("aligns contents and next record to 64 bytes for all lengths of name and contents", () => {
    const lengths = [0, 1, 62, 63, 64, 65, 127, 128, 255];
    for (const nameBytes of lengths) {
      for (const contentBytes of lengths) {
        const file = record({ type: RecordType.file, name: "n".repeat(nameBytes), contents: "c".repeat(contentBytes) });
        assertEquals(file.length, recordBytes(nameBytes, contentBytes));
        const cursor = new RecordCursor(join(file, file), 0, 2 * file.length, { plan: false });
        for (const at of [0, file.length]) {
          assertEquals([cursor.next(), cursor.start], [true, at]);
          assertEquals(cursor.contentStart, at + contentOffset(nameBytes));
          assertEquals([cursor.contentStart % ALIGNMENT, cursor.end % ALIGNMENT], [0, 0]);
          assert(cursor.contentStart > cursor.nameEnd && cursor.contentStart - cursor.nameEnd <= ALIGNMENT);
          assertEquals([cursor.contentBytes, cursor.contentEnd], [contentBytes, cursor.contentStart + contentBytes]);
          assert(cursor.end - cursor.contentEnd < ALIGNMENT);
        }
        assertEquals(cursor.next(), false);
      }
    }
  });

  it("ignores the padding after name and contents", () => {
    const bytes = FOUR.slice();
    const cursor = new RecordCursor(bytes, 0, bytes.length, { plan: false });
    while (cursor.next()) {
      bytes.fill(0xff, cursor.nameEnd + 1, cursor.contentStart);
      bytes.fill(0xff, cursor.contentEnd, cursor.end);
    }
    assertEquals(read(bytes), read(FOUR));
  });

  it("finds no record in an empty range, and resets to another range", () => {
    assertEquals(read(new Uint8Array()), []);
    const bytes = join(record({ type: RecordType.enter, name: "x" }), record({ type: RecordType.file, name: "y" }));
    const cursor = new RecordCursor(bytes, 0, 0, { plan: false });
    assertEquals(cursor.next(), false);
    cursor.reset(recordBytes(1, 0), bytes.length);
    assertEquals([cursor.next(), cursor.type, cursor.next()], [true, RecordType.file, false]);
  });

  it("reads a plan, whose files have a size and no contents", () => {
    const file = record({ type: RecordType.file, name: "f" });
    putUint53(new DataView(file.buffer), RecordField.size, 2 ** 52);
    const cursor = new RecordCursor(join(file, file), 0, 2 * file.length, { plan: true });
    assertEquals([cursor.next(), cursor.size, cursor.contentBytes], [true, 2 ** 52, 0]);
    assertEquals([cursor.next(), cursor.next()], [true, false]);
  });

  it("returns the fields of the header", () => {
    const bytes = record({
      type: RecordType.file,
      name: "f",
      fields: { mode: 0o644, uid: 1, gid: 2, mtimeNs: 999_999_999, atimeNs: 4, crc32: 0xffffffff },
    });
    const view = new DataView(bytes.buffer);
    putInt53(view, RecordField.mtime, -1);
    putInt53(view, RecordField.atime, 2 ** 33);
    putUint53(view, RecordField.version, 2 ** 53 - 1);
    const cursor = new RecordCursor(bytes, 0, bytes.length, { plan: false });
    cursor.next();
    const { mode, uid, gid, mtimeNs, atimeNs, crc32, mtime, atime } = RecordField;
    assertEquals([mode, uid, gid, mtimeNs, atimeNs, crc32].map((field) => cursor.uint32(field)), [
      0o644,
      1,
      2,
      999_999_999,
      4,
      0xffffffff,
    ]);
    assertEquals([cursor.seconds(mtime), cursor.seconds(atime), cursor.version()], [-1, 2 ** 33, 2 ** 53 - 1]);
  });

  it("reads records at an offset in a larger buffer", () => {
    const padded = join(new Uint8Array(7).fill(0xff), FOUR, new Uint8Array(100).fill(0xff));
    const cursor = new RecordCursor(padded.subarray(3), 4, 4 + FOUR.length, { plan: false });
    let count = 0;
    while (cursor.next()) count++;
    assertEquals([count, cursor.end], [4, 4 + FOUR.length]);
  });

  it("rejects bytes that are truncated inside a record", () => {
    const ends = new Set([0]);
    const whole = new RecordCursor(FOUR, 0, FOUR.length, { plan: false });
    while (whole.next()) ends.add(whole.end);
    for (let cut = 0; cut <= FOUR.length; cut++) {
      // The buffer still has the bytes after the cut: only the limit counts.
      const cursor = new RecordCursor(FOUR, 0, cut, { plan: false });
      const all = () => {
        while (cursor.next());
      };
      if (ends.has(cut)) all();
      else assertProtocolError("bad-record", all);
    }
  });

  it("rejects unknown types", () => {
    for (const type of [0, 6, 7, 255]) assertProtocolError("bad-record", () => read(record({ type, name: "a" })));
  });

  it("rejects a name without a NUL after it, and a length beyond the end", () => {
    const bytes = record({ type: RecordType.file, name: "abc", contents: "x" });
    bytes[RECORD_HEADER_BYTES + 3] = 0x78;
    assertProtocolError("bad-record", () => read(bytes));
    const long = record({ type: RecordType.file, name: "abc" });
    new DataView(long.buffer).setUint16(RecordField.nameLength, 65_535, true);
    assertProtocolError("bad-record", () => read(long));
  });

  it("rejects a size beyond the frame, up to 64 bits", () => {
    for (const size of [65n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n]) {
      const bytes = record({ type: RecordType.file, name: "abc", contents: "x" });
      new DataView(bytes.buffer).setBigUint64(RecordField.size, size, true);
      assertProtocolError("bad-record", () => read(bytes));
    }
  });

  it("rejects more than 999999999 nanoseconds", () => {
    for (const field of ["mtimeNs", "atimeNs"] as const) {
      read(record({ type: RecordType.file, name: "a", fields: { [field]: 999_999_999 } }));
      const bytes = record({ type: RecordType.file, name: "a", fields: { [field]: 1_000_000_000 } });
      assertProtocolError("bad-record", () => read(bytes));
    }
  });

  it("rejects names that are not one component, and accepts an empty name for the root", () => {
    for (const type of [RecordType.file, RecordType.symlink, RecordType.hardlink]) {
      read(record({ type, name: "" }));
      for (const name of ["a/b", "/a", ".", "..", "a\0", "x".repeat(256)]) {
        assertProtocolError("bad-path", () => read(record({ type, name })));
      }
    }
  });

  it("rejects directories outside the root, and accepts an empty path for the root", () => {
    for (const type of [RecordType.enter, RecordType.directory]) {
      read(record({ type, name: "" }));
      read(record({ type, name: "a/b/c" }));
      for (const name of ["/", "/a", "a/", "a//b", ".", "a/..", "../b", "a\0b", "a/" + "x".repeat(256)]) {
        assertProtocolError("bad-path", () => read(record({ type, name })));
      }
    }
  });
});
