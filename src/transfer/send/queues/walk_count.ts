/**
 * Counts the files of a large tree ahead of the walk that sends them, so that percentage and remaining time are known early.
 * Nothing that the walk finds is kept.
 */

import { delay } from "../../../async/delay.ts";
import { EventLoopYielder } from "../../../async/event_loop_yielder.ts";
import type { Walk } from "../../../files/engine/source.ts";
import { WalkQueue } from "./walk_queue.ts";

/** Time after which a transfer whose walk has not ended counts ahead. In milliseconds. */
const START_MS = 1_000;
/**
 * Time of counting between two yields, in milliseconds. Each stream of this thread may run for 10 ms per yield. Shorter slices
 * would only delay the count: its processor time is the same.
 */
const SLICE_MS = 20;

/** A second walk over the sources, which only counts. */
export class WalkCount implements Disposable {
  readonly #open: () => Walk;
  readonly #stopping = new AbortController();
  #walk?: WalkQueue;

  /** @param open opens a walk over the same sources with the same options. */
  constructor(open: () => Walk) {
    this.#open = open;
  }

  /** Files and bytes that were counted so far; undefined before it has started. */
  get counted(): Readonly<WalkQueue["found"]> | undefined {
    return this.#walk?.found;
  }

  /** Starts later, unless it is not needed by then. */
  start(isNeeded: () => boolean): void {
    const { signal } = this.#stopping;
    delay(START_MS, { signal }).then(() => isNeeded() ? this.count(isNeeded) : undefined).catch(() => {
      // The walk that sends the files fails too, and reports the error.
      this.#walk = undefined;
    });
  }

  /** Counts all files, or until the count is not needed any more. */
  async count(isNeeded: () => boolean): Promise<void> {
    const { signal } = this.#stopping;
    const walk = this.#walk = new WalkQueue(this.#open());
    const yielder = new EventLoopYielder();
    try {
      for (let endMs = performance.now() + SLICE_MS; await walk.peek() && !signal.aborted && isNeeded();) {
        walk.take();
        if (performance.now() < endMs) continue;
        await yielder.yieldIfDue();
        endMs = performance.now() + SLICE_MS;
      }
    } finally {
      walk.close();
      yielder.close();
    }
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
  }
}
