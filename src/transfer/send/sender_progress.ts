/** Progress of a sender, reported several times per second. */

import type { Session } from "../../session/model/session.ts";
import type { TransferEvent } from "../events.ts";
import { ProgressTimer } from "../progress_timer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { WalkCount } from "./queues/walk_count.ts";

/** Reports totals and progress to the user; on the remote end also to the client. */
export class SenderProgress implements Disposable {
  readonly #session: Session;
  readonly #scheduler: Scheduler;
  readonly #emit: (event: TransferEvent) => void;
  readonly #count?: WalkCount;
  readonly #wireBytes: () => number | undefined;
  readonly #timer = new ProgressTimer((bytes) => this.#report(bytes));
  /** The totals that were reported last, as JSON. */
  #reportedTotals = "";

  constructor(
    session: Session,
    { scheduler, count, wireBytes, emit }: {
      scheduler: Scheduler;
      count?: WalkCount;
      wireBytes: () => number | undefined;
      emit: (event: TransferEvent) => void;
    },
  ) {
    this.#wireBytes = wireBytes;
    this.#count = count;
    this.#session = session;
    this.#scheduler = scheduler;
    this.#emit = emit;
  }

  /** Sets the number of bytes that the receiver has written on a stream so far. */
  setWritten(stream: number, bytes: number): void {
    this.#timer.setWritten(stream, bytes);
  }

  /** Reports now, and then periodically. */
  start(): void {
    this.#timer.report();
    this.#timer.start();
    this.#count?.start(() => !this.#scheduler.found.complete && !this.#scheduler.stopped);
  }

  /** Reports for the last time, if it was started. May be called again. */
  [Symbol.dispose](): void {
    this.#count?.[Symbol.dispose]();
    if (!this.#timer.isRunning) return;
    this.#timer[Symbol.dispose]();
    this.#timer.report();
  }

  #report(writtenBytes: number): void {
    const { done, kept, current: file } = this.#scheduler;
    const totals = this.#scheduler.totals(this.#count?.counted);
    const json = JSON.stringify(totals);
    if (this.#reportedTotals !== json) {
      this.#reportedTotals = json;
      this.#emit({ type: "totals", ...totals });
      if (this.#session.role === "remote") this.#session.control.send({ type: "totals", ...totals });
    }
    const bytes = Math.max(writtenBytes + kept, done.bytes);
    const wireBytes = this.#wireBytes();
    const { written: streams } = this.#timer;
    const counts = { files: done.files, bytes, resumed: kept, doneBytes: done.bytes, wireBytes };
    this.#emit({ type: "progress", ...counts, file, streams });
  }
}
