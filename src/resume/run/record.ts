/**
 * The completion record of a copy in the state directory. It lists the directories that the copy has created and the files
 * that have their final names. A file is represented by a digest (file_digest.ts) under the key of the record. A record is
 * only appended to, in entries with checksums, so an interruption at worst shortens it.
 *
 * | part        | at | bytes |                                                                               |
 * | ----------- | -- | ----- | ----------------------------------------------------------------------------- |
 * | header      | 0  |       | magic `ESCPRUNJ`, version 3, see record_header.ts                             |
 * | entry       | 0  | 4     | CRC-32 of the rest of the entry                                               |
 * |             | 4  | 4     | type: 1 digests, 2 a directory                                                |
 * |             | 8  | 4     | length of the payload: at most 64 KiB                                         |
 * | digests     | 12 | 8     | digest of the options that decide how files are written                       |
 * |             | 20 | 8     | digest of the boot id; zeros if it is unknown                                 |
 * |             | 28 | 8 * n | digests: 1 to 4096                                                            |
 * | directory   | 12 |       | source and identity, JSON                                                     |
 *
 * Integers are little-endian. A digest is two integers of 4 bytes, the lower half first.
 */

import { crc32 } from "../../protocol/crc32.ts";
import type { DigestKey } from "./keyed_digest.ts";
import type { ExactIdentity } from "../../files/stat/file_identity.ts";
import { parseIdentity } from "../own_file.ts";
import { decodeHeader, encodeHeader } from "../record_header.ts";

/** The two halves of a digest. */
export type Digest = readonly [number, number];

/** The copy that a record belongs to. */
export interface RunHeader {
  /** Absolute path of the target, without symbolic links. */
  target: string;
  /** Random key of all digests. */
  key: DigestKey;
}

/** A source directory as the sender describes it. */
export interface DirectorySource {
  name: string;
  identity?: { dev: number; inode: number };
}

/** A directory that a copy has created for a source. */
export interface CreatedDirectory extends ExactIdentity {
  source: DirectorySource;
}

/** Callbacks for the entries of a record. */
export interface RunEntries {
  digest(low: number, high: number, of: { options: Digest; boot: Digest }): void;
  directory(directory: CreatedDirectory): void;
}

/** Length of the part of a digests entry before the digests. */
export const DIGESTS_HEADER_BYTES = 28;
/** Length of a digest. */
export const DIGEST_BYTES = 8;
/** Maximum number of digests per entry. */
export const MAX_ENTRY_DIGESTS = 4096;

const FORMAT = { magic: "ESCPRUNJ", version: 3 };
const ENTRY_HEADER_BYTES = 12;
const MAX_PAYLOAD_BYTES = 64 << 10;
const EntryType = { digests: 1, directory: 2 } as const;

/** Encodes a header. @throws {RangeError} if it is too long. */
export function encodeRunHeader(header: RunHeader): Uint8Array<ArrayBuffer> {
  return encodeHeader(FORMAT, header);
}

/** Decodes the header at the beginning of a record; undefined if it is invalid or has another version. */
export function decodeRunHeader(
  bytes: Uint8Array<ArrayBuffer>,
): { header: RunHeader; headerBytes: number } | undefined {
  const decoded = decodeHeader(FORMAT, bytes);
  if (!decoded) return undefined;
  const { target, key } = decoded.fields;
  if (typeof target !== "string" || !isPair(key)) return undefined;
  return { header: { target, key }, headerBytes: decoded.end };
}

/** Encodes an entry of digests. @param digests Halves of at most `MAX_ENTRY_DIGESTS` digests. */
export function encodeDigests(options: Digest, boot: Digest, digests: Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(DIGESTS_HEADER_BYTES + digests.length * 4);
  const view = new DataView(bytes.buffer);
  [...options, ...boot].forEach((half, index) => view.setUint32(ENTRY_HEADER_BYTES + index * 4, half, true));
  for (let index = 0; index < digests.length; index++) {
    view.setUint32(DIGESTS_HEADER_BYTES + index * 4, digests[index], true);
  }
  return completeEntry(EntryType.digests, bytes);
}

/** Encodes the entry of a directory; undefined if the name of its source is too long. */
export function encodeDirectory(directory: CreatedDirectory): Uint8Array<ArrayBuffer> | undefined {
  const text = new TextEncoder().encode(JSON.stringify(directory));
  if (text.length > MAX_PAYLOAD_BYTES) return undefined;
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + text.length);
  bytes.set(text, ENTRY_HEADER_BYTES);
  return completeEntry(EntryType.directory, bytes);
}

/**
 * Decodes the entries from bytes[start] on. Ignores everything from the first truncated or damaged entry on.
 *
 * @param options.isIntact Whether the entries were decoded before, so that their checksums are right. Default: false.
 * @returns the length of the valid part. Truncate the record to it before appending.
 */
export function decodeEntries(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  entries: Partial<RunEntries>,
  { isIntact = false }: { isIntact?: boolean } = {},
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = start;
  while (at + ENTRY_HEADER_BYTES <= bytes.length) {
    const type = view.getUint32(at + 4, true);
    const length = view.getUint32(at + 8, true);
    const end = at + ENTRY_HEADER_BYTES + length;
    if (length > MAX_PAYLOAD_BYTES || end > bytes.length) break;
    if (!isIntact && view.getUint32(at, true) !== crc32(bytes, at + 4, end)) break;
    if (type === EntryType.digests) {
      if (length < 16 || length % DIGEST_BYTES !== 0) break;
      if (entries.digest) eachDigest(view, at, end, entries.digest);
    } else if (type === EntryType.directory) {
      const directory = parseDirectory(bytes.subarray(at + ENTRY_HEADER_BYTES, end));
      if (!directory) break;
      entries.directory?.(directory);
    } else break;
    at = end;
  }
  return at;
}

function eachDigest(view: DataView, at: number, end: number, digest: RunEntries["digest"]): void {
  const half = (offset: number) => view.getUint32(offset, true);
  const options: Digest = [half(at + 12), half(at + 16)];
  const boot: Digest = [half(at + 20), half(at + 24)];
  const of = { options, boot };
  for (let next = at + DIGESTS_HEADER_BYTES; next < end; next += DIGEST_BYTES) digest(half(next), half(next + 4), of);
}

/** Writes type, length and checksum of an entry. */
function completeEntry(type: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  view.setUint32(4, type, true);
  view.setUint32(8, bytes.length - ENTRY_HEADER_BYTES, true);
  view.setUint32(0, crc32(bytes, 4, bytes.length), true);
  return bytes;
}

function parseDirectory(text: Uint8Array): CreatedDirectory | undefined {
  try {
    const fields = Object(JSON.parse(new TextDecoder().decode(text))) as Record<string, unknown>;
    const identity = parseIdentity(fields);
    const { name, identity: of } = Object(fields.source) as Record<string, unknown>;
    if (!identity || typeof name !== "string") return undefined;
    const { dev, inode } = Object(of) as Record<string, unknown>;
    const isKnown = typeof dev === "number" && typeof inode === "number";
    return { source: { name, ...(isKnown ? { identity: { dev, inode } } : {}) }, ...identity };
  } catch {
    return undefined;
  }
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((half) => Number.isInteger(half));
}
