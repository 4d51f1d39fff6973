/** Processor time of this process while files are transferred. */

import type { TransferEvent } from "../../../transfer/events.ts";

/** A time, in milliseconds of a monotonic clock, and the processor time until then. */
interface Reading {
  readonly ms: number;
  readonly cpuSeconds: number;
}

/** Adds up the transfers of finished sessions: from the first data connection to the last written byte. */
export class TransferProcessor {
  readonly #read: () => Reading;
  readonly #verify: boolean;
  #from: Reading | undefined;
  #to: Reading | undefined;
  #written = 0;
  #ms = 0;
  #cpuSeconds = 0;

  /** @param options.verify whether verification follows the transfer. */
  constructor(read: () => Reading, { verify }: { verify: boolean }) {
    this.#read = read;
    this.#verify = verify;
  }

  /** Adds an event of the current session. */
  add(event: TransferEvent): void {
    switch (event.type) {
      case "connected":
        [this.#from, this.#to, this.#written] = [this.#read(), undefined, 0];
        break;
      case "progress":
        if (event.files + event.bytes === this.#written) break;
        this.#written = event.files + event.bytes;
        this.#to = this.#read();
        break;
      case "finished":
        this.#end(this.#verify ? this.#to : this.#read());
        break;
    }
  }

  /** Average number of busy cores. */
  get busyCores(): number {
    return this.#cpuSeconds / Math.max(this.#ms / 1000, 0.001);
  }

  #end(to: Reading | undefined): void {
    const from = this.#from;
    this.#from = undefined;
    if (!from || !to) return;
    this.#ms += to.ms - from.ms;
    this.#cpuSeconds += to.cpuSeconds - from.cpuSeconds;
  }
}
