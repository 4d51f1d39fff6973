/** The streams of a copy between two other hosts. */

import type { ClientSession } from "../../session/model/client_session.ts";
import type { AuthenticatedStream } from "../../session/model/session.ts";
import { fixedCount, type StreamCount, streamsForRtt } from "../../session/model/stream_count.ts";
import { Condition } from "../../async/condition.ts";
import { type PoolHost, StreamPool } from "../../streams/run/pool.ts";
import type { Machine } from "../machine.ts";
import { StreamLosses } from "../stream_losses.ts";

/** Whom the pairs tell. */
export interface RelayStreamsHost extends Pick<PoolHost, "written" | "relayed"> {
  /** Whether the sender has finished: it has every result. */
  finishing(): boolean;
}

/** Pairs the streams of the two, and runs the pairs. */
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
  /** As many were ever there. */
  pairs = 0;
  #replacing = 0;
  /** Pairs are being brought up: what has no other half yet may get one. */
  #underWay = 0;
  #closed = false;
  /** Pairs that came to their end. */
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
    const nothing = () => Promise.reject(new Error("A relay has no files"));
    this.#pool = new StreamPool(
      {
        role: { type: "relay" },
        cipherEngine: machine.cipher.name,
        fileEngine: machine.files.name,
        blockBytes,
        congestion,
        idleTimeoutMs: timeoutMs,
      },
      { next: nothing, partial: nothing, report: () => {}, ...host },
      machine.workers(count.max),
    );
  }

  /** Of the pairs that have ended: bytes from the one host, which are those to the other. */
  get wireBytes(): number {
    return this.#pool.wireBytes;
  }

  /** Brings up as many pairs as both sides have room for, and the longer of the two ways is worth. @returns how many. */
  async bringUp(): Promise<number> {
    if (this.#count.max === 0) return 0;
    await this.#bringUp(1);
    let there = 1;
    // An answer may be late for other reasons than the way.
    if (this.#worth > this.#count.min) {
      await this.#bringUpMore(1);
      there++;
    }
    const pairs = this.#worth;
    if (pairs > there) await this.#bringUpMore(pairs - there);
    return Math.max(pairs, there);
  }

  /** A stream without its other half would take work that nobody passes on: each side has room for so many. */
  get #worth(): number {
    return Math.min(streamsForRtt(this.roundTripMs, this.#count), this.#from.mostStreams, this.#to.mostStreams);
  }

  /** Of the longer of the two ways. */
  get roundTripMs(): number {
    return Math.max(this.#from.roundTripMs ?? 0, this.#to.roundTripMs ?? 0);
  }

  /** Resolves when all pairs have ended. @throws what a host did wrong, or that all broke. */
  async run(): Promise<void> {
    while (this.#running.size > 0 || this.#replacing > 0) {
      if (this.#fatal) throw this.#fatal.error;
      await this.#changes.wait();
    }
    if (this.#fatal) throw this.#fatal.error;
    if (this.#ended === 0 && this.#count.max > 0) throw this.losses.allBroken();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#from.close();
    this.#to.close();
    await this.#pool.close();
    this.#closeHalves();
  }

  async #bringUp(pairs: number): Promise<void> {
    this.#underWay++;
    const both = [
      this.#from.bringUp(fixedCount(pairs), (stream) => this.#take("from", stream)),
      this.#to.bringUp(fixedCount(pairs), (stream) => this.#take("to", stream)),
    ];
    Promise.allSettled(both)
      .then(() => Promise.all([this.#from.settled(), this.#to.settled()]))
      .then(() => {
        if (--this.#underWay === 0) this.#closeHalves();
      });
    await Promise.all(both);
  }

  /** One pair is enough to copy: that further ones do not come about only makes it slower. */
  async #bringUpMore(pairs: number): Promise<void> {
    await this.#bringUp(pairs).catch(() => {});
  }

  /** Whoever has the other end of a stream without its other half gives what it has begun on it to the others. */
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
      // A host that has finished leaves, also where the other half of a late pair has just come: nothing is lost with it.
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

  /** A pair that broke, on whichever side, is opened again on both: the hosts give what it had to the next. */
  #replace(): void {
    if (this.#closed || !this.losses.mayReplace) return;
    this.#replacing++;
    this.#bringUp(1).catch(() => {}).finally(() => {
      this.#replacing--;
      this.#changes.notifyAll();
    });
  }
}
