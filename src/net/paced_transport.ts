/** Limits the rate of a connection evenly. */

import type { Transport } from "./transport.ts";

/** Decides when the next bytes of a connection are due. */
export interface Pace {
  /** Waits until the next bytes are due. @returns the maximum number of bytes. */
  next(): Promise<number>;
  /** Counts bytes. */
  count(bytes: number): void;
}

/** Delays the writes of a sender, or the reads of a receiver, to keep the limit. */
export class PacedTransport implements Transport {
  readonly #inner: Transport;
  readonly #writes: Pace | undefined;
  readonly #reads: Pace | undefined;

  /** @param paces Calls that are delayed. Default: writes. */
  constructor(inner: Transport, pace: Pace, paces: "writes" | "reads" = "writes") {
    this.#inner = inner;
    this.#writes = paces === "writes" ? pace : undefined;
    this.#reads = paces === "reads" ? pace : undefined;
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, expected?: number): number | Promise<number> {
    return this.#reads
      ? this.#readPaced(this.#reads, buffer, start, end)
      : this.#inner.read(buffer, start, end, expected);
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number> {
    return this.#writes ? this.#writePaced(this.#writes, buffer, start, end) : this.#inner.write(buffer, start, end);
  }

  close(): void {
    this.#inner.close();
  }

  async #readPaced(pace: Pace, buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const count = await this.#inner.read(buffer, start, Math.min(end, start + await pace.next()));
    pace.count(count);
    return count;
  }

  async #writePaced(pace: Pace, buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const count = await this.#inner.write(buffer, start, Math.min(end, start + await pace.next()));
    pace.count(count);
    return count;
  }
}
