/** The streams of a copy between two other hosts. */

import { BLOCK_BYTES } from "../protocol/limits.ts";
import type { ClientSession } from "../session/client_session.ts";
import type { ProvenStream } from "../session/session.ts";
import { Changes } from "../streams/changes.ts";
import { type PoolHost, StreamPool } from "../streams/stream_pool.ts";
import type { Machine } from "./machine.ts";
import { allBroken } from "./send.ts";
import { LIMITS } from "./transfer_limits.ts";

/** Pairs the streams of the two, and runs the pairs. */
export class RelayCrew {
  readonly #pool: StreamPool;
  readonly #waiting: Record<"from" | "to", ProvenStream[]> = { from: [], to: [] };
  readonly #running = new Set<Promise<void>>();
  readonly #changes = new Changes();
  readonly #from: ClientSession;
  readonly #to: ClientSession;
  readonly #count: number;
  #failure: { error: unknown } | undefined;
  #pairs = 0;

  constructor(
    from: ClientSession,
    to: ClientSession,
    machine: Machine,
    count: number,
    host: Pick<PoolHost, "written" | "relayed">,
  ) {
    this.#from = from;
    this.#to = to;
    this.#count = count;
    const nothing = () => Promise.reject(new Error("A relay has no files"));
    this.#pool = new StreamPool(
      {
        role: { type: "relay" },
        cipherEngine: machine.cipher.name,
        fileEngine: machine.files.name,
        blockBytes: BLOCK_BYTES,
        idleTimeoutMs: LIMITS.idleTimeoutMs,
      },
      { next: nothing, partial: nothing, report: () => {}, ...host },
      machine.workers(count),
    );
  }

  async bringUp(): Promise<void> {
    await Promise.all([
      this.#from.bringUp(this.#count, (stream) => this.#take("from", stream)),
      this.#to.bringUp(this.#count, (stream) => this.#take("to", stream)),
    ]);
  }

  /** Resolves when all pairs have ended. @throws what broke one. */
  async run(): Promise<void> {
    while (this.#running.size > 0) await this.#changes.next();
    if (this.#failure) throw this.#failure.error;
    if (this.#pairs === 0 && this.#count > 0) throw allBroken();
  }

  close(): void {
    this.#from.close();
    this.#to.close();
    this.#pool.close();
    for (const { conn } of [...this.#waiting.from, ...this.#waiting.to]) conn.close();
  }

  #take(side: "from" | "to", stream: ProvenStream): void {
    this.#waiting[side].push(stream);
    const [from] = this.#waiting.from;
    const [to] = this.#waiting.to;
    if (!from || !to) return;
    this.#waiting.from.shift();
    this.#waiting.to.shift();
    const run = this.#pool.run(this.#pairs++, from, to).catch((error) => {
      this.#failure ??= { error };
    }).finally(() => {
      this.#running.delete(run);
      this.#changes.announce();
    });
    this.#running.add(run);
  }
}
