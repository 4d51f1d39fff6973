/**
 * Finds the blocks of an old file in the bytes of a new one. While both files run in parallel, a block takes one digest.
 * Where they do not, the CRC-32 of a window rolls over the bytes until a block is found again.
 */

import { crc32 } from "../protocol/crc32.ts";
import type { ByteRange } from "../protocol/data/range_sums.ts";
import { RollingCrc32 } from "./rolling_crc32.ts";
import type { CopySegment, Segment } from "./segments.ts";
import type { Signature } from "./signature.ts";

/** Writes the digest of bytes[start, end) to into[at...]. */
export type DigestBlock = (
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
) => void;

/** Bytes of the new file in memory. */
export interface Piece extends ByteRange {
  bytes: Uint8Array<ArrayBuffer>;
  /** Offset of bytes[0] in the file. The bytes include up to one block before `start`. */
  offset: number;
  /** Number of valid bytes. They include up to one block after `end`. */
  length: number;
}

/**
 * Bytes that are digested in vain while the window rolls over a byte. A hostile receiver could send the same CRC-32 with
 * many digests.
 */
const VAIN_BYTES_PER_BYTE = 8;

/** Scans the pieces of a file in their order. */
export class BlockScanner {
  readonly #signature: Signature;
  readonly #digest: DigestBlock;
  readonly #rolling: RollingCrc32 | undefined;
  readonly #tag = new Uint8Array(16);
  #piece!: Piece;
  /** Offset in the old file minus offset in the new one, of the last match. */
  #shift = 0;
  #isFirst = true;
  /** Bytes that may still be digested in vain. */
  #patience = 0;

  /** @param options.inPlace Whether only blocks at their old offsets are searched for. */
  constructor(signature: Signature, digest: DigestBlock, { inPlace }: { inPlace: boolean }) {
    this.#signature = signature;
    this.#digest = digest;
    this.#rolling = inPlace ? undefined : new RollingCrc32(signature.blockBytes);
  }

  /** Returns the segments of a piece. */
  scan(piece: Piece): Segment[] {
    this.#piece = piece;
    this.#patience = (piece.end - piece.start) * VAIN_BYTES_PER_BYTE;
    const segments: Segment[] = [];
    let literal = piece.start;
    for (let at = piece.start; at < piece.end;) {
      const start = this.#nextMatch(at);
      if (start === undefined) break;
      const copy = this.#copyFrom(Math.max(at, start));
      if (literal < copy.start) segments.push({ start: literal, end: copy.start });
      segments.push(copy);
      at = literal = copy.end;
    }
    this.#isFirst = false;
    if (literal < piece.end) segments.push({ start: literal, end: piece.end });
    return segments;
  }

  /** Returns the start of the next matching block, which may be before `at`, and sets the shift; undefined without one. */
  #nextMatch(at: number): number | undefined {
    const { blockBytes } = this.#signature;
    const block = Math.floor((at + this.#shift) / blockBytes);
    const here = block * blockBytes - this.#shift;
    if (this.#matches(block, here)) return here;
    // A block that was changed in place.
    const next = here + blockBytes;
    if (next < this.#piece.end && this.#matches(block + 1, next)) return next;
    return this.#rolling ? this.#roll(this.#rolling, at) : this.#nextInPlace(block + 2);
  }

  #nextInPlace(block: number): number | undefined {
    const { blockBytes, blocks } = this.#signature;
    const last = Math.min(blocks, Math.ceil(this.#piece.end / blockBytes));
    for (; block < last; block++) if (this.#matches(block, block * blockBytes)) return block * blockBytes;
    return undefined;
  }

  /** Rolls over the bytes from `at` on. Returns as `#nextMatch`. */
  #roll(rolling: RollingCrc32, at: number): number | undefined {
    const { bytes, offset, length, start, end } = this.#piece;
    const { blockBytes, filter, filterShift } = this.#signature;
    const { entering, leaving, inversion } = rolling;
    // Before the first piece, a block may begin that ends in it.
    let from = (at === start && this.#isFirst ? Math.max(offset, at - blockBytes + 1) : at) - offset;
    const last = Math.min(length - blockBytes, end - 1 - offset);
    if (from > last) return undefined;
    let register = rolling.start(bytes, from, from + blockBytes);
    for (;; from++) {
      const crc = register ^ inversion;
      const bit = crc >>> filterShift;
      if ((filter[bit >>> 5] >>> (bit & 31)) & 1) {
        const block = this.#find(crc, from);
        if (block >= 0) {
          this.#shift = block * blockBytes - (offset + from);
          return offset + from;
        }
        if (this.#patience <= 0) return undefined;
      }
      if (from === last) return undefined;
      register = (register >>> 8) ^ entering[(register ^ bytes[from + blockBytes]) & 0xff] ^ leaving[bytes[from]];
    }
  }

  #find(crc: number, from: number): number {
    const { blockBytes } = this.#signature;
    let isDigested = false;
    return this.#signature.find(crc, (block) => {
      if (!isDigested) {
        this.#digest(this.#piece.bytes, from, from + blockBytes, this.#tag, 0);
        this.#patience -= blockBytes;
        isDigested = true;
      }
      return this.#signature.hasDigest(block, this.#tag);
    });
  }

  /** Returns the part of the matching block at `at` that is in the piece, and further blocks that follow it in both files. */
  #copyFrom(at: number): CopySegment {
    const { blockBytes } = this.#signature;
    const { bytes, offset, end: pieceEnd } = this.#piece;
    let block = Math.floor((at + this.#shift) / blockBytes);
    let end: number;
    do {
      block++;
      end = block * blockBytes - this.#shift;
    } while (end < pieceEnd && this.#matches(block, end));
    end = Math.min(end, pieceEnd);
    return { start: at, end, old: at + this.#shift, crc32: crc32(bytes, at - offset, end - offset) };
  }

  /** Returns whether the bytes from `start` on are those of a block. */
  #matches(block: number, start: number): boolean {
    const { bytes, offset, length } = this.#piece;
    if (block < 0 || block >= this.#signature.blocks) return false;
    const end = start + this.#signature.blockBytes;
    if (start < offset || end > offset + length) return false;
    this.#digest(bytes, start - offset, end - offset, this.#tag, 0);
    return this.#signature.hasDigest(block, this.#tag);
  }
}
