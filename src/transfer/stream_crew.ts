/** All streams of a transfer: brings them up, runs them, and replaces one that breaks. */

import { ProtocolError } from "../errors.ts";
import type { ProvenStream, Session } from "../session/session.ts";
import { StreamBug } from "../streams/stream_break.ts";
import { Changes } from "../streams/changes.ts";
import type { StreamPool } from "../streams/stream_pool.ts";

/** What a crew works with. */
export interface StreamCrewOptions {
  session: Session;
  pool: StreamPool;
  /** A stream is no more; its work must go to others. */
  streamBroke(stream: number): void;
  /** Whether there is nothing left to do. */
  finished(): boolean;
}

/** See above. */
export class StreamCrew {
  /** Streams that came to their end. */
  clean = 0;
  /** Streams whose connection broke. */
  broken = 0;
  readonly #options: StreamCrewOptions;
  readonly #running = new Map<number, Promise<void>>();
  #fatal: { error: unknown } | undefined;
  readonly #changes = new Changes();

  constructor(options: StreamCrewOptions) {
    this.#options = options;
  }

  get pool(): StreamPool {
    return this.#options.pool;
  }

  /** Brings up so many streams. On the client it resolves when they are there, on the remote end when no more may come. */
  async run(count: number): Promise<void> {
    if (count === 0) return;
    const { session } = this.#options;
    const up = session.bringUp(count, (stream) => this.#take(stream));
    if (session.role === "client") await up;
    else up.catch((error) => this.#fail(error));
  }

  /**
   * Resolves when every stream has ended: on the client also when all broke before the end, on the remote end not, as it
   * is the client who brings up others.
   *
   * @throws what the peer did wrong, and bugs.
   */
  async allEnded(): Promise<void> {
    const { session, finished } = this.#options;
    for (;;) {
      if (this.#fatal) throw this.#fatal.error;
      if (this.#running.size === 0 && (finished() || session.role === "client")) return;
      await this.#changes.next();
    }
  }

  /** Ends everything. */
  close(): void {
    this.#options.session.close();
    this.#options.pool.close();
  }

  #take(stream: ProvenStream): void {
    const { pool, streamBroke } = this.#options;
    const run = pool.run(stream.index, stream).then(() => {
      this.clean++;
    }).catch((error) => {
      // What the peer did wrong, and bugs, end the transfer; a connection may just break.
      if (error instanceof ProtocolError || error instanceof StreamBug) this.#fail(error);
      else this.broken++;
      streamBroke(stream.index);
    }).finally(() => {
      this.#running.delete(stream.index);
      this.#changes.announce();
    });
    this.#running.set(stream.index, run);
  }

  /** Looks again whether everything has ended: `finished` may have changed. */
  check(): void {
    this.#changes.announce();
  }

  #fail(error: unknown): void {
    this.#fatal ??= { error };
    this.#changes.announce();
  }
}
