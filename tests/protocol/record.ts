/** Writes records for tests. */

import {
  contentOffset,
  putUint53,
  RECORD_HEADER_BYTES,
  recordBytes,
  RecordField,
} from "../../src/protocol/data/records.ts";

/** Contents of a record. Default of each number: 0. */
export interface TestRecord {
  type: number;
  root?: number;
  name: string;
  contents?: string;
  /** Block of extended attributes, a multiple of 64 bytes long. */
  xattrs?: Uint8Array;
  fields?: Partial<Record<"mode" | "uid" | "gid" | "mtimeNs" | "atimeNs" | "crc32" | "size", number>>;
}

/** Returns the bytes of a record, without any check. */
export function record(
  { type, root = 0, name, contents = "", xattrs = new Uint8Array(), fields = {} }: TestRecord,
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const nameBytes = encoder.encode(name);
  const contentBytes = encoder.encode(contents);
  const bytes = new Uint8Array(recordBytes(nameBytes.length, contentBytes.length) + xattrs.length);
  const view = new DataView(bytes.buffer);
  bytes[RecordField.type] = type;
  view.setUint16(RecordField.nameLength, nameBytes.length, true);
  view.setUint16(RecordField.root, root, true);
  view.setUint16(RecordField.xattrUnits, xattrs.length / 64, true);
  putUint53(view, RecordField.size, contentBytes.length);
  for (const [field, value] of Object.entries(fields)) {
    view.setUint32(RecordField[field as keyof typeof RecordField], value, true);
  }
  bytes.set(nameBytes, RECORD_HEADER_BYTES);
  bytes.set(xattrs, contentOffset(nameBytes.length));
  bytes.set(contentBytes, contentOffset(nameBytes.length) + xattrs.length);
  return bytes;
}
