/**
 * The header of a record in the state directory. It describes the copy in JSON, so that --clean can read it.
 *
 * | at | bytes |                                       |
 * | -- | ----- | ------------------------------------- |
 * | 0  | 8     | magic: kind of the record             |
 * | 8  | 4     | version                               |
 * | 12 | 4     | CRC-32 of the rest of the header      |
 * | 16 | 4     | length of the text: at most 1 MiB     |
 * | 20 |       | JSON, UTF-8                           |
 *
 * Integers are little-endian. A record with a damaged header or another version is ignored.
 */

import { crc32 } from "../protocol/crc32.ts";

/** Identifies the kind and version of a record. */
export interface RecordFormat {
  /** 8 characters. */
  magic: string;
  version: number;
}

/** Maximum bytes of a header. */
export const MAX_HEADER_BYTES = 20 + (1 << 20);

const CHECKED_FROM = 16;
const TEXT_AT = 20;

/** Encodes a header. @throws {RangeError} if it would be too long to be decoded. */
export function encodeHeader({ magic, version }: RecordFormat, fields: unknown): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(fields));
  const bytes = new Uint8Array(TEXT_AT + text.length);
  if (bytes.length > MAX_HEADER_BYTES) throw new RangeError("Cannot encode the header of a record: too long");
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(8, version, true);
  view.setUint32(16, text.length, true);
  bytes.set(text, TEXT_AT);
  view.setUint32(12, crc32(bytes, CHECKED_FROM, bytes.length), true);
  return bytes;
}

/**
 * Decodes the header at the beginning of a record.
 *
 * @returns the unchecked fields and the end of the header; undefined if it is damaged or has another format.
 */
export function decodeHeader(
  { magic, version }: RecordFormat,
  bytes: Uint8Array<ArrayBuffer>,
): { fields: Readonly<Record<string, unknown>>; end: number } | undefined {
  if (bytes.length < TEXT_AT) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (new TextEncoder().encode(magic).some((byte, at) => bytes[at] !== byte)) return undefined;
  const end = TEXT_AT + view.getUint32(16, true);
  if (view.getUint32(8, true) !== version || end > bytes.length || end > MAX_HEADER_BYTES) return undefined;
  if (view.getUint32(12, true) !== crc32(bytes, CHECKED_FROM, end)) return undefined;
  try {
    const fields: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(TEXT_AT, end)));
    if (typeof fields !== "object" || fields === null) return undefined;
    return { fields: fields as Record<string, unknown>, end };
  } catch {
    return undefined;
  }
}
