/** The early end of a copy whose target takes no more: every other file would fail too. */

import { type Failure, fullTargetReason } from "../../protocol/failure.ts";

/** Stops a copy when its target is full or read-only. */
export class EarlyStop {
  /** Whether files were not sent. */
  stopped = false;
  readonly #note: (message: string) => void;
  /** Reason why the target takes no more files; undefined while it accepts files. */
  #full: string | undefined;

  /** @param note Reports once that files were not sent. */
  constructor(note: (message: string) => void) {
    this.#note = note;
  }

  /** Whether the target takes no more files. */
  get isFull(): boolean {
    return this.#full !== undefined;
  }

  /** Handles a failure of the receiver. Returns whether the early stop starts now, because the target takes no more. */
  startsAt(failure: Failure): boolean {
    if (this.isFull) return false;
    this.#full = fullTargetReason(failure);
    return this.isFull;
  }

  /** Notes once that a file is not sent. Call it only if `isFull`. */
  dropped(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#note(`Stopped early, because ${this.#full}: the remaining files were not copied`);
  }
}
