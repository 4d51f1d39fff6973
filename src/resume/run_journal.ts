/**
 * The journal of a copy of several files: which of them have come to their final names. Each is a digest (file_digest.ts)
 * under a key that is this journal's own. It is only ever appended to, in batches that have checksums, so that whatever
 * stops the writer leaves at worst a shorter journal.
 *
 * | header | at | bytes |                                                                                       |
 * | ------ | -- | ----- | ------------------------------------------------------------------------------------- |
 * |        | 0  | 8     | `ESCPRUNJ`                                                                            |
 * |        | 8  | 4     | version: 2; digests of 1 were others                                                  |
 * |        | 12 | 4     | CRC-32 of the rest of the header                                                      |
 * |        | 16 | 8     | key of all digests, random                                                            |
 * |        | 24 | 8     | digest of the job                                                                     |
 * | batch  | 0  | 4     | CRC-32 of the rest of the batch                                                       |
 * |        | 4  | 4     | number of digests: 1 to 4096                                                          |
 * |        | 8  | 8     | digest of what names the run of the system; zeros where that is not known             |
 * |        | 16 | 8 * n | digests                                                                               |
 *
 * Integers are little-endian; a digest is two of 4 bytes, the lower first.
 */

import { crc32 } from "../protocol/crc32.ts";
import type { DigestKey } from "./keyed_digest.ts";

/** A digest: its two halves. */
export type Digest = readonly [number, number];

/** What a journal is about. */
export interface RunJournalHeader {
  key: DigestKey;
  job: Digest;
}

export const RUN_HEADER_BYTES = 32;
export const BATCH_HEADER_BYTES = 16;
export const DIGEST_BYTES = 8;
/** Most digests of a batch. */
export const MOST_IN_BATCH = 4096;

const MAGIC = new TextEncoder().encode("ESCPRUNJ");
const VERSION = 2;
const CHECKED_FROM = 16;

/** The 32 bytes of a header. */
export function encodeRunHeader({ key, job }: RunJournalHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RUN_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION, true);
  [...key, ...job].forEach((half, index) => view.setUint32(16 + index * 4, half, true));
  view.setUint32(12, crc32(bytes, CHECKED_FROM, RUN_HEADER_BYTES), true);
  return bytes;
}

/** @returns undefined when this is not the header of such a journal, in this version. */
export function decodeRunHeader(bytes: Uint8Array<ArrayBuffer>): RunJournalHeader | undefined {
  if (bytes.length < RUN_HEADER_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(8, true) !== VERSION) return undefined;
  if (view.getUint32(12, true) !== crc32(bytes, CHECKED_FROM, RUN_HEADER_BYTES)) return undefined;
  const half = (at: number) => view.getUint32(at, true);
  return { key: [half(16), half(20)], job: [half(24), half(28)] };
}

/** The bytes of a batch. @param digests the halves of at most `MOST_IN_BATCH`. */
export function encodeBatch(run: Digest, digests: Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + digests.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, digests.length / 2, true);
  view.setUint32(8, run[0], true);
  view.setUint32(12, run[1], true);
  for (let index = 0; index < digests.length; index++) {
    view.setUint32(BATCH_HEADER_BYTES + index * 4, digests[index], true);
  }
  view.setUint32(0, crc32(bytes, 4, bytes.length), true);
  return bytes;
}

/**
 * Reads the batches behind the header. From the first one on that is cut short, or is not what was written, nothing counts.
 *
 * @param each hears of each digest.
 * @returns how many bytes make sense; what is behind them is to be cut off before more is appended.
 */
export function decodeBatches(
  bytes: Uint8Array<ArrayBuffer>,
  each: (low: number, high: number, run: Digest) => void,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = RUN_HEADER_BYTES;
  while (at + BATCH_HEADER_BYTES <= bytes.length) {
    const count = view.getUint32(at + 4, true);
    const end = at + BATCH_HEADER_BYTES + count * DIGEST_BYTES;
    if (count < 1 || count > MOST_IN_BATCH || end > bytes.length) break;
    if (view.getUint32(at, true) !== crc32(bytes, at + 4, end)) break;
    const run: Digest = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    for (let digest = at + BATCH_HEADER_BYTES; digest < end; digest += DIGEST_BYTES) {
      each(view.getUint32(digest, true), view.getUint32(digest + 4, true), run);
    }
    at = end;
  }
  return at;
}
