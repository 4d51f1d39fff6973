/** The early end of a copy whose target takes no more: every other file would fail too. */

import { type Failure, fullTarget } from "../../protocol/failure.ts";

export class EarlyStop {
  /** Whether files were not sent. */
  stopped = false;
  readonly #note: (message: string) => void;
  /** Why the target takes no more; undefined while it does. */
  #full: string | undefined;

  /** @param note Reports once that files were not sent. */
  constructor(note: (message: string) => void) {
    this.#note = note;
  }

  /** Whether the target takes no more. */
  get isFull(): boolean {
    return this.#full !== undefined;
  }

  /** Handles a failure of the receiver. Returns whether it is the first that means that the target takes no more. */
  beginsWith(failure: Failure): boolean {
    if (this.isFull) return false;
    this.#full = fullTarget(failure);
    return this.isFull;
  }

  /** Notes once that a file is not sent. Call it only if the target takes no more. */
  dropped(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#note(`Stopped early, because ${this.#full}: the remaining files were not copied`);
  }
}
