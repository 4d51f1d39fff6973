/** Compresses the contents that a stream sends. Data that does not compress is sent uncompressed. */

import type { Codec } from "../../compress/codec.ts";
import { CODEC_NUMBERS } from "../../protocol/codec_names.ts";

/** Data is sent uncompressed unless it shrinks below this ratio. */
const MAX_RATIO = 15 / 16;
/** Bytes from the middle that are compressed first, if the last attempt failed. */
const SAMPLE_BYTES = 32 << 10;
/** Shorter contents are never compressed. */
const MIN_BYTES = 128;
/** Maximum number of pieces that are skipped after a failed attempt. */
const MAX_PAUSE = 16;

/** Compressor of one sending stream. */
export class Compressor {
  /** Number of the codec in headers. */
  readonly codecNumber: number;
  readonly #codec: Codec;
  #room = new Uint8Array(0);
  /** Number of pieces to skip before the next attempt. */
  #pause = 0;
  /** Number of pieces to skip after the next failed attempt. It doubles with each. */
  #nextPause = 1;
  #isDoubtful = true;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.codecNumber = CODEC_NUMBERS[codec.name];
  }

  /**
   * Compresses bytes[start, end) in place.
   *
   * @returns the number of compressed bytes from `start` on; undefined if the contents are unchanged.
   */
  compress(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    const length = end - start;
    if (length < MIN_BYTES) return undefined;
    if (this.#pause > 0) {
      this.#pause--;
      return undefined;
    }
    const coded = this.#isPromising(bytes, start, end) ? this.#try(bytes, start, end) : undefined;
    if (coded === undefined) {
      this.#pause = this.#nextPause;
      this.#nextPause = Math.min(MAX_PAUSE, this.#nextPause * 2);
      this.#isDoubtful = true;
      return undefined;
    }
    this.#nextPause = 1;
    this.#isDoubtful = false;
    bytes.set(this.#room.subarray(0, coded), start);
    return coded;
  }

  /** Frees the codec. */
  close(): void {
    this.#codec.close();
  }

  #isPromising(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    if (!this.#isDoubtful || end - start < 2 * SAMPLE_BYTES) return true;
    const middle = start + Math.floor((end - start - SAMPLE_BYTES) / 2);
    return this.#try(bytes, middle, middle + SAMPLE_BYTES) !== undefined;
  }

  #try(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    const limit = Math.floor((end - start) * MAX_RATIO);
    if (this.#room.length < limit) this.#room = new Uint8Array(limit);
    return this.#codec.compress(bytes, start, end, this.#room, limit);
  }
}
