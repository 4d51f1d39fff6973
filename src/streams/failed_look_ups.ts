/** Look-ups of users and groups that failed, because a directory service does not answer. */

import { messageOf } from "../errors.ts";

/** Time after a failure in which no look-up is made, because each may take as long as a time limit. In milliseconds. */
const PAUSE_MS = 10_000;

/** Reports the reason of the first failure, and pauses after each. */
export class FailedLookUps {
  readonly #onFirst: (reason: string) => void;
  readonly #now: () => number;
  #failedAt: number | undefined;

  /** @param now a clock, in milliseconds. */
  constructor(onFirst: (reason: string) => void, now: () => number = () => performance.now()) {
    this.#onFirst = onFirst;
    this.#now = now;
  }

  /** Whether a look-up counts as failed without an attempt. */
  get isPausing(): boolean {
    return this.#failedAt !== undefined && this.#now() - this.#failedAt < PAUSE_MS;
  }

  /** Adds a failure. */
  add(error: unknown): void {
    if (this.#failedAt === undefined) this.#onFirst(messageOf(error));
    this.#failedAt = this.#now();
  }
}
