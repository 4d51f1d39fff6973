/**
 * The signature of an old file: the digests of its whole blocks, with an index by CRC-32. Its memory is shared, so that the
 * threads of all streams use it without copies.
 */

import { BLOCK_DIGEST_BYTES, COARSE_ENTRY_BYTES } from "../protocol/data/signature.ts";

/** Maximum number of different blocks with one CRC-32 in the index. A hostile receiver could send any number. */
const MAX_SAME_CRC = 4;
/** Maximum number of slots that a look-up examines. */
const MAX_PROBES = 32;
/** Bits of the filter, and slots, per block. */
const BITS_PER_BLOCK = 16;
const SLOTS_PER_BLOCK = 4;

/** A signature as plain data, which may be posted to a Worker. */
export interface SharedSignature {
  /** Size of the part of the old file that is used: a multiple of `blockBytes`. */
  size: number;
  blockBytes: number;
  /** Digest and CRC-32 of each block, in the order of the file. */
  entries: SharedArrayBuffer;
  slots: SharedArrayBuffer;
  filter: SharedArrayBuffer;
}

/** Reads the signature of an old file. */
export class Signature {
  readonly size: number;
  readonly blockBytes: number;
  readonly digests: Uint8Array;
  readonly #view: DataView;
  readonly #slots: Int32Array;
  readonly #filter: Int32Array;
  /** Bits of a CRC-32 that are not used in the filter. */
  readonly filterShift: number;
  readonly #slotMask: number;

  constructor({ size, blockBytes, entries, slots, filter }: SharedSignature) {
    this.size = size;
    this.blockBytes = blockBytes;
    this.digests = new Uint8Array(entries);
    this.#view = new DataView(entries);
    this.#slots = new Int32Array(slots);
    this.#filter = new Int32Array(filter);
    this.filterShift = Math.clz32(this.#filter.length * 32 - 1);
    this.#slotMask = this.#slots.length - 1;
  }

  /** The filter: a CRC-32 whose bit `crc >>> filterShift` is 0 belongs to no block. */
  get filter(): Int32Array {
    return this.#filter;
  }

  /** Number of blocks. */
  get blocks(): number {
    return this.size / this.blockBytes;
  }

  /** Returns whether a digest is that of a block. */
  hasDigest(block: number, digest: Uint8Array): boolean {
    return hasDigestAt(this.digests, block * COARSE_ENTRY_BYTES, digest);
  }

  /** Calls `accepts` with blocks that have a CRC-32. @returns the accepted one; -1 if there is none. */
  find(crc32: number, accepts: (block: number) => boolean): number {
    for (let slot = slotOf(crc32), probe = 0; probe < MAX_PROBES; slot++, probe++) {
      const block = this.#slots[slot & this.#slotMask] - 1;
      if (block < 0) break;
      if (this.#crcOf(block) === crc32 >>> 0 && accepts(block)) return block;
    }
    return -1;
  }

  /** Adds all blocks to the index. Of equal blocks, only the first is added. */
  index(): void {
    for (let block = 0; block < this.blocks; block++) this.#add(block);
  }

  #add(block: number): void {
    const crc32 = this.#crcOf(block);
    const at = block * COARSE_ENTRY_BYTES;
    const digest = this.digests.subarray(at, at + BLOCK_DIGEST_BYTES);
    let same = 0;
    for (let slot = slotOf(crc32), probe = 0; probe < MAX_PROBES; slot++, probe++) {
      const other = this.#slots[slot & this.#slotMask] - 1;
      if (other < 0) {
        this.#slots[slot & this.#slotMask] = block + 1;
        const bit = crc32 >>> this.filterShift;
        this.#filter[bit >>> 5] |= 1 << (bit & 31);
        return;
      }
      if (this.#crcOf(other) !== crc32) continue;
      if (this.hasDigest(other, digest) || ++same >= MAX_SAME_CRC) return;
    }
  }

  #crcOf(block: number): number {
    return this.#view.getUint32(block * COARSE_ENTRY_BYTES + BLOCK_DIGEST_BYTES, true);
  }
}

/** Returns whether `digests` has this digest at an offset. */
export function hasDigestAt(digests: Uint8Array, at: number, digest: Uint8Array): boolean {
  for (let index = 0; index < BLOCK_DIGEST_BYTES; index++) if (digests[at + index] !== digest[index]) return false;
  return true;
}

/**
 * Returns an empty signature. Its `entries` are to be filled, then `Signature.index` is to be called.
 *
 * @param size a multiple of `blockBytes`.
 */
export function createSignature(size: number, blockBytes: number): SharedSignature {
  const blocks = size / blockBytes;
  const power = 2 ** Math.ceil(Math.log2(Math.max(2, blocks)));
  return {
    size,
    blockBytes,
    entries: new SharedArrayBuffer(blocks * COARSE_ENTRY_BYTES),
    slots: new SharedArrayBuffer(power * SLOTS_PER_BLOCK * 4),
    filter: new SharedArrayBuffer(Math.max(32, power * BITS_PER_BLOCK) / 8),
  };
}

/** Returns the first slot of a CRC-32; the table is a power of two. The filter uses other bits. */
function slotOf(crc32: number): number {
  return Math.imul(crc32, 0x9e3779b1) >>> 4;
}
