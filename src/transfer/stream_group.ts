/** All streams of a transfer: brings them up, runs them, and replaces one that breaks. */

import { CorruptionError } from "../errors.ts";
import type { AuthenticatedStream, Session } from "../session/model/session.ts";
import { fixedCount, type StreamCount } from "../session/model/stream_count.ts";
import { Condition } from "../async/condition.ts";
import type { StreamPool } from "../streams/run/pool.ts";
import { StreamLosses } from "./stream_losses.ts";

/** What a streamGroup works with. */
export interface StreamGroupOptions {
  session: Session;
  pool: StreamPool;
  /** A stream is no more; its work must go to others. */
  streamBroke(stream: number): void;
  /** Whether there is nothing left to do. */
  finished(): boolean;
}

/** See above. */
export class StreamGroup {
  /** Streams that came to their end. */
  clean = 0;
  /** As many ran at one time. */
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
   * Brings up so many streams. On the client it resolves to how many when that is known, after the first is there; on the
   * remote end at once to the most that the client may open.
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
   * Resolves when every stream has ended: on the client also when all broke and no other could be had, on the remote end
   * not, as it is the client who brings up others.
   *
   * @throws what the peer did wrong, and bugs.
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

  /** Ends everything. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.session.close();
    await this.#options.pool.close();
  }

  #take(stream: AuthenticatedStream): void {
    const { pool, streamBroke } = this.#options;
    const run = pool.run(stream.index, stream).then(() => {
      this.clean++;
    }).catch((error) => {
      try {
        this.losses.add(error);
        this.#tellCorruption(error);
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

  /** The client counts for both; a connection that the other end has closed looks to it as if it had just broken. */
  #tellCorruption(error: unknown): void {
    const { role, features, control } = this.#options.session;
    if (role === "client" || !(error instanceof CorruptionError) || !features.includes("alive")) return;
    control.send({ type: "corrupt", code: error.code });
  }

  /** A connection that broke is opened again by the client, as often as it may. */
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

  /** Looks again whether everything has ended: `finished` may have changed. */
  check(): void {
    this.#changes.notifyAll();
  }

  /** Something ends the whole transfer: `allEnded` throws it. */
  fail(error: unknown): void {
    this.#fatal ??= { error };
    this.#changes.notifyAll();
  }
}
