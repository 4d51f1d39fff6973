/** Streams between two other hosts. */

import type { ClientSession } from "../../session/model/client_session.ts";
import type { AuthenticatedStream } from "../../session/model/session.ts";
import { fixedCount, type StreamCount, streamsForRtt } from "../../session/model/stream_count.ts";
import { Condition } from "../../async/condition.ts";
import { StreamPool } from "../../streams/run/pool.ts";
import type { PoolHost } from "../../streams/run/stream_thread.ts";
import type { Machine } from "../machine.ts";
import { StreamLosses } from "../streams/stream_losses.ts";

/** Callbacks of the pairs. */
export interface RelayStreamsHost extends Pick<PoolHost, "written" | "relayed"> {
  /** Returns whether the sender has received all results. */
  finishing(): boolean;
}

/** Connects each stream of one host with a stream of the other. */
export class RelayStreams {
  readonly #pool: StreamPool;
  readonly #waiting: Record<"from" | "to", AuthenticatedStream[]> = { from: [], to: [] };
  readonly #running = new Set<Promise<void>>();
  readonly #changes = new Condition();
  readonly #from: ClientSession;
  readonly #to: ClientSession;
  readonly #count: StreamCount;
  readonly #finishing: () => boolean;
  #fatal: { error: unknown } | undefined;
  readonly losses = new StreamLosses();
  /** Number of pairs that were ever complete. */
  pairs = 0;
  #replacing = 0;
  /** Number of calls that open pairs. While there are any, an unpaired stream may still be paired. */
  #opening = 0;
  #closed = false;
  /** Number of pairs that ended without an error. */
  #ended = 0;

  constructor(
    from: ClientSession,
    to: ClientSession,
    { machine, count, blockBytes, timeoutMs, congestion }: {
      machine: Machine;
      count: StreamCount;
      blockBytes: number;
      timeoutMs: number;
      congestion?: string;
    },
    host: RelayStreamsHost,
  ) {
    this.#finishing = () => host.finishing();
    this.#from = from;
    this.#to = to;
    this.#count = count;
    const noFiles = () => Promise.reject(new Error("A relay has no files"));
    this.#pool = new StreamPool(
      {
        role: { type: "relay" },
        cipherEngine: machine.cipher.name,
        fileEngine: machine.files.name,
        blockBytes,
        congestion,
        idleTimeoutMs: timeoutMs,
      },
      { next: noFiles, partial: noFiles, report: () => {}, ...host },
      machine.workers(count.max),
    );
  }

  /** Bytes of all frames that ended pairs have passed from the sender to the receiver. */
  get wireBytes(): number {
    return this.#pool.wireBytes;
  }

  /** Opens as many pairs as both hosts accept and the longer round trip needs. @returns their number. */
  async bringUp(): Promise<number> {
    if (this.#count.max === 0) return 0;
    await this.#bringUp(1);
    let opened = 1;
    // The first measurement may be too long, if the host was busy.
    if (this.#usefulPairs > this.#count.min) {
      await this.#bringUpMore(1);
      opened++;
    }
    const pairs = this.#usefulPairs;
    if (pairs > opened) await this.#bringUpMore(pairs - opened);
    return Math.max(pairs, opened);
  }

  /** Number of useful pairs. A stream without its other half would take work that is never passed on. */
  get #usefulPairs(): number {
    return Math.min(streamsForRtt(this.roundTripMs, this.#count), this.#from.maxStreams, this.#to.maxStreams);
  }

  /** Longer round trip of both hosts, in milliseconds. */
  get roundTripMs(): number {
    return Math.max(this.#from.roundTripMs ?? 0, this.#to.roundTripMs ?? 0);
  }

  /** Resolves when all pairs have ended. @throws {ProtocolError | TransferLost} for an error of a host, or if all broke. */
  async run(): Promise<void> {
    while (this.#running.size > 0 || this.#replacing > 0) {
      if (this.#fatal) throw this.#fatal.error;
      await this.#changes.wait();
    }
    if (this.#fatal) throw this.#fatal.error;
    if (this.#ended === 0 && this.#count.max > 0) throw await this.losses.allBroken();
  }

  /** Opens no more pairs, and ends all streams. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#from.close();
    this.#to.close();
    await this.#pool.close();
    this.#closeHalves();
  }

  async #bringUp(pairs: number): Promise<void> {
    this.#opening++;
    const both = [
      this.#from.bringUp(fixedCount(pairs), (stream) => this.#take("from", stream)),
      this.#to.bringUp(fixedCount(pairs), (stream) => this.#take("to", stream)),
    ];
    Promise.allSettled(both)
      .then(() => Promise.all([this.#from.settled(), this.#to.settled()]))
      .then(() => {
        if (--this.#opening === 0) this.#closeHalves();
      });
    await Promise.all(both);
  }

  /** Opens further pairs. Ignores errors, because the copy is only slower with fewer pairs. */
  async #bringUpMore(pairs: number): Promise<void> {
    await this.#bringUp(pairs).catch(() => {});
  }

  /** Closes streams without another half. The host moves the work of such a stream to its other streams. */
  #closeHalves(): void {
    for (const { conn } of [...this.#waiting.from.splice(0), ...this.#waiting.to.splice(0)]) conn.close();
  }

  #take(side: "from" | "to", stream: AuthenticatedStream): void {
    this.#waiting[side].push(stream);
    const [from] = this.#waiting.from;
    const [to] = this.#waiting.to;
    if (!from || !to) return;
    this.#waiting.from.shift();
    this.#waiting.to.shift();
    const run = this.#pool.run(this.pairs++, from, to).then(() => {
      this.#ended++;
    }, (error) => {
      // A host that has finished closes its connections, including those of a late pair, which has no work.
      if (this.#finishing()) return void this.#ended++;
      try {
        this.losses.add(error);
        this.#replace();
      } catch (error) {
        this.#fatal ??= { error };
      }
    }).finally(() => {
      this.#running.delete(run);
      this.#changes.notifyAll();
    });
    this.#running.add(run);
  }

  /** Opens a pair instead of one that broke. The hosts move its work to other pairs. */
  #replace(): void {
    if (this.#closed || !this.losses.mayReplace) return;
    this.#replacing++;
    this.#bringUp(1).catch(() => {}).finally(() => {
      this.#replacing--;
      this.#changes.notifyAll();
    });
  }
}
