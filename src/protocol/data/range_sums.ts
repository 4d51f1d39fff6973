/** CRC-32 of a file from the CRC-32 of its ranges, added in any order. */

import { combineCrc32 } from "../crc32.ts";

/** Bytes [start, end) of a file. */
export interface ByteRange {
  /** First byte. */
  start: number;
  /** One past the last byte. */
  end: number;
}

/** A range with the CRC-32 of its bytes. */
export interface SummedRange extends ByteRange {
  crc32: number;
}

/** Finished ranges of one file. A range that is added twice counts once. Adjacent ranges are stored as one. */
export class RangeSums {
  #ranges: SummedRange[] = [];
  #bytes = 0;
  readonly #keepsRanges: boolean;

  /** @param options.keepsRanges Whether adjacent ranges are stored as they were added. Default: false. */
  constructor({ keepsRanges = false }: { keepsRanges?: boolean } = {}) {
    this.#keepsRanges = keepsRanges;
  }

  /** All ranges, sorted. */
  get ranges(): readonly SummedRange[] {
    return this.#ranges;
  }

  /** Number of bytes in all ranges. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a range.
   *
   * @returns false, without adding it, if it overlaps another range.
   */
  add(range: SummedRange): boolean {
    const at = this.#position(range.start);
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    if ((before && before.end > range.start) || (after && after.start < range.end)) return false;
    this.#bytes += range.end - range.start;
    const begins = !this.#keepsRanges && before?.end === range.start;
    const ends = !this.#keepsRanges && after?.start === range.end;
    let { start, end, crc32 } = range;
    if (begins) {
      start = before.start;
      crc32 = combineCrc32(before.crc32, crc32, range.end - range.start);
    }
    if (ends) {
      end = after.end;
      crc32 = combineCrc32(crc32, after.crc32, after.end - after.start);
    }
    const first = begins ? at - 1 : at;
    if (begins !== ends) this.#ranges[first] = { start, end, crc32 };
    else this.#ranges.splice(first, begins ? 2 : 0, { start, end, crc32 });
    return true;
  }

  /** Returns the CRC-32 of bytes [start, end), undefined if some are missing. */
  total(end: number, start = 0): number | undefined {
    if (this.#bytes !== end - start) return undefined;
    let crc = 0;
    let at = start;
    for (const range of this.#ranges) {
      if (range.start !== at) return undefined;
      crc = combineCrc32(crc, range.crc32, range.end - range.start);
      at = range.end;
    }
    return at === end ? crc : undefined;
  }

  /** Returns the index of the first range that starts at or after `start`. */
  #position(start: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle].start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
