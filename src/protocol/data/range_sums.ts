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

/** Finished ranges of one file. A range that is added twice counts once. */
export class RangeSums {
  #ranges: SummedRange[] = [];
  #bytes = 0;

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
    this.#ranges.splice(at, 0, range);
    this.#bytes += range.end - range.start;
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
