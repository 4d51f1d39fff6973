/** Streams of a transfer: opens and runs them, and replaces broken ones. */

import { CorruptionError } from "../../errors.ts";
import type { AuthenticatedStream, Session } from "../../session/model/session.ts";
import { fixedCount, type StreamCount } from "../../session/model/stream_count.ts";
import { Condition } from "../../async/condition.ts";
import type { StreamPool } from "../../streams/run/pool.ts";
import { StreamLosses } from "./stream_losses.ts";

/** Objects and callbacks of a group of streams. */
export interface StreamGroupOptions {
  session: Session;
  pool: StreamPool;
  /** Called when a stream broke. Its work must be requeued. */
  streamBroke(stream: number): void;
  /** Returns whether all work is done. */
  finished(): boolean;
}

/** All streams of one end. */
export class StreamGroup {
  /** Number of streams that ended without an error. */
  clean = 0;
  /** Maximum number of streams that ran at the same time. */
  peak = 0;
  readonly losses = new StreamLosses();
  readonly #options: StreamGroupOptions;
  readonly #running = new Map<number, Promise<void>>();
  #replacing = 0;
  #closed = false;
  #fatal: { error: unknown } | undefined;
  readonly #changes = new Condition();

  constructor(options: StreamGroupOptions) {
    this.#options = options;
  }

  get pool(): StreamPool {
    return this.#options.pool;
  }

  /**
   * Opens streams. On the client it resolves after the first to the number of streams. On the remote end it resolves
   * immediately to the maximum that the client may open.
   */
  async run(count: StreamCount): Promise<number> {
    if (count.max === 0) return 0;
    const { session } = this.#options;
    const up = session.bringUp(count, (stream) => this.#take(stream));
    if (session.role === "client") return await up;
    up.catch((error) => this.fail(error));
    return count.max;
  }

  /**
   * Resolves when all streams have ended. On the client even if all broke and cannot be replaced; on the remote end not,
   * because the client opens others.
   *
   * @throws {ProtocolError} and bugs, which end the transfer.
   */
  async allEnded(): Promise<void> {
    const { session, finished } = this.#options;
    for (;;) {
      if (this.#fatal) throw this.#fatal.error;
      const none = this.#running.size === 0 && this.#replacing === 0;
      if (none && (finished() || session.role === "client")) return;
      await this.#changes.wait();
    }
  }

  /** Closes all streams. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.session.close();
    await this.#options.pool.close();
  }

  #take(stream: AuthenticatedStream): void {
    const { pool, streamBroke, finished } = this.#options;
    const run = pool.run(stream.index, stream).then(() => {
      this.clean++;
    }).catch((error) => {
      try {
        this.losses.add(error, { finished: finished() });
        this.#reportCorruption(error);
      } catch (error) {
        this.fail(error);
      }
      streamBroke(stream.index);
      this.#replace();
    }).finally(() => {
      this.#running.delete(stream.index);
      this.#changes.notifyAll();
    });
    this.#running.set(stream.index, run);
    this.peak = Math.max(this.peak, this.#running.size);
  }

  /** Reports corrupt data to the client, which counts for both ends. It only sees that the connection was closed. */
  #reportCorruption(error: unknown): void {
    const { role, features, control } = this.#options.session;
    if (role === "client" || !(error instanceof CorruptionError) || !features.includes("alive")) return;
    control.send({ type: "corrupt", code: error.code });
  }

  /** On the client: opens a stream instead of a broken one, within the limit. */
  #replace(): void {
    const { session, finished } = this.#options;
    if (session.role === "remote" || this.#fatal || this.#closed || finished()) return;
    if (!this.losses.mayReplace) return;
    this.#replacing++;
    session.bringUp(fixedCount(1), (stream) => this.#take(stream)).catch(() => {}).finally(() => {
      this.#replacing--;
      this.#changes.notifyAll();
    });
  }

  /** Re-evaluates `finished()` and wakes waiters. */
  check(): void {
    this.#changes.notifyAll();
  }

  /** Ends the transfer: `allEnded` throws the error. */
  fail(error: unknown): void {
    this.#fatal ??= { error };
    this.#changes.notifyAll();
  }
}
