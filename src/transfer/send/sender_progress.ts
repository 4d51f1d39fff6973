/** How far a sender is, several times a second. */

import type { Session } from "../../session/model/session.ts";
import type { TransferEvent } from "../events.ts";
import type { Scheduler } from "./scheduler.ts";

/** Tells the user, and on the remote end the client, how far it is. */
export class SenderProgress {
  readonly #session: Session;
  readonly #scheduler: Scheduler;
  readonly #emit: (event: TransferEvent) => void;
  readonly #written = new Map<number, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #told = "";

  constructor(session: Session, scheduler: Scheduler, emit: (event: TransferEvent) => void) {
    this.#session = session;
    this.#scheduler = scheduler;
    this.#emit = emit;
  }

  /** `bytes`: what the receiver has written on this stream so far. */
  written(stream: number, bytes: number): void {
    this.#written.set(stream, bytes);
  }

  /** Tells now, and from now on. */
  start(): void {
    this.#tell();
    this.#timer = setInterval(() => this.#tell(), 200);
  }

  /** Tells for the last time, if it was started. May be called again. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tell();
  }

  #tell(): void {
    const { totals, done, kept } = this.#scheduler;
    const written = this.#written.values().reduce((sum, bytes) => sum + bytes, 0);
    if (this.#told !== JSON.stringify(totals)) {
      this.#told = JSON.stringify(totals);
      this.#emit({ type: "totals", ...totals });
      if (this.#session.role === "remote") this.#session.control.send({ type: "totals", ...totals });
    }
    this.#emit({ type: "progress", files: done.files, bytes: Math.max(written + kept, done.bytes), resumed: kept });
  }
}
