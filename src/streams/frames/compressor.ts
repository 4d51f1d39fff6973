/** Compresses what a stream sends, as long as it is worth it: contents that are compressed already are let pass. */

import type { Codec } from "../../compress/codec.ts";
import { CODEC_NUMBERS } from "../../protocol/coding.ts";

/** What becomes no smaller than this part of itself stays as it is. */
const WORTH = 15 / 16;
/** In doubt a piece of the middle is tried first. */
const SAMPLE_BYTES = 32 << 10;
/** Less than this is not worth a call. */
const LEAST_BYTES = 128;
/** Most pieces that are let pass after one that was not worth it. */
const MAX_PAUSE = 16;

/** One for each sending stream. */
export class Compressor {
  /** The number of the codec, for the headers of what was compressed. */
  readonly coding: number;
  readonly #codec: Codec;
  #room = new Uint8Array(0);
  /** Pieces to let pass before the next try. */
  #pause = 0;
  /** How many pieces are let pass after the next miss: none as long as everything was worth it. */
  #nextPause = 1;
  #doubt = true;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.coding = CODEC_NUMBERS[codec.name];
  }

  /**
   * Compresses bytes[start, end) in place.
   *
   * @returns how many bytes it takes now, from `start` on; undefined when it was left as it is.
   */
  compress(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    const length = end - start;
    if (length < LEAST_BYTES) return undefined;
    if (this.#pause > 0) {
      this.#pause--;
      return undefined;
    }
    const coded = this.#promising(bytes, start, end) ? this.#try(bytes, start, end) : undefined;
    if (coded === undefined) {
      this.#pause = this.#nextPause;
      this.#nextPause = Math.min(MAX_PAUSE, this.#nextPause * 2);
      this.#doubt = true;
      return undefined;
    }
    this.#nextPause = 1;
    this.#doubt = false;
    bytes.set(this.#room.subarray(0, coded), start);
    return coded;
  }

  /** Frees the codec. */
  close(): void {
    this.#codec.close();
  }

  #promising(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    if (!this.#doubt || end - start < 2 * SAMPLE_BYTES) return true;
    const middle = start + Math.floor((end - start - SAMPLE_BYTES) / 2);
    return this.#try(bytes, middle, middle + SAMPLE_BYTES) !== undefined;
  }

  #try(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    const limit = Math.floor((end - start) * WORTH);
    if (this.#room.length < limit) this.#room = new Uint8Array(limit);
    return this.#codec.compress(bytes, start, end, this.#room, limit);
  }
}
