/** Limits of connections before their proof: their number, and the pause after wrong proofs. Pure except for its clock. */

import { clientNetwork } from "./client_network.ts";

/** Limits of a gate. */
export interface GateLimits {
  /** Maximum number of connections without a proof. */
  readonly total: number;
  /** As `total`, of one network (`clientNetwork`). */
  readonly perNetwork: number;
  /** Time for which a connection keeps its place, in milliseconds. */
  readonly graceMs: number;
  /** Pause after the first wrong proof of a network, in milliseconds. Each further one doubles it. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** Time without a wrong proof after which a network starts over, in milliseconds. */
  readonly forgetMs: number;
  /** Maximum number of networks with wrong proofs that are remembered. Beyond it the oldest is forgotten. */
  readonly maxNetworks: number;
}

/**
 * A login without a question takes less than `graceMs`. A stranger that keeps others of its network out must therefore open
 * more than 8 connections per second.
 */
const DEFAULTS: GateLimits = {
  total: 256,
  perNetwork: 16,
  graceMs: 2_000,
  firstPauseMs: 500,
  maxPauseMs: 30_000,
  forgetMs: 600_000,
  maxNetworks: 4096,
};

/** The place of a connection before its proof. Disposing frees it. */
export interface Admission extends Disposable {
  /** Whether the connection was dropped for a newer one. */
  readonly isDropped: boolean;
  /** Notes that the connection has sent the first line of a client. Others are dropped before it. */
  greet(): void;
}

/** A connection before its proof. */
interface Waiting {
  readonly network: string;
  readonly sinceMs: number;
  readonly drop: () => void;
  hasGreeted: boolean;
}

/** Counts connections and wrong proofs. Its memory is bounded by `total` and `maxNetworks`. */
export class LoginGate {
  readonly #limits: GateLimits;
  readonly #now: () => number;
  /** Connections without a proof; the oldest is first. */
  readonly #waiting = new Set<Waiting>();
  /** Number of them by network. */
  readonly #open = new Map<string, number>();
  /** Wrong proofs by network; the network with the oldest one is first. */
  readonly #wrong = new Map<string, { count: number; lastMs: number }>();

  /** @param now Returns the time in milliseconds, from any start. It never decreases. */
  constructor(limits: Partial<GateLimits> = {}, now: () => number = () => performance.now()) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#now = now;
  }

  /** Number of networks with wrong proofs that are remembered. */
  get rememberedNetworks(): number {
    return this.#wrong.size;
  }

  /**
   * Gives a place to a connection before its proof. If there are too many, it replaces another one that has waited longer than
   * `graceMs`: of the same network, or else of the network with the most connections.
   *
   * @param drop Closes the connection in favor of a newer one.
   * @returns undefined if there are too many, and none can be replaced.
   */
  admit(address: string, drop: () => void): Admission | undefined {
    const { total, perNetwork } = this.#limits;
    const network = clientNetwork(address);
    const isFull = (this.#open.get(network) ?? 0) >= perNetwork;
    if (isFull || this.#waiting.size >= total) {
      const replaced = this.#replaceable(isFull ? network : undefined);
      if (!replaced) return undefined;
      this.#remove(replaced);
      replaced.drop();
    }
    let isDropped = false;
    const waiting: Waiting = {
      network,
      sinceMs: this.#now(),
      hasGreeted: false,
      drop: () => {
        isDropped = true;
        drop();
      },
    };
    this.#waiting.add(waiting);
    this.#open.set(network, (this.#open.get(network) ?? 0) + 1);
    return {
      get isDropped() {
        return isDropped;
      },
      greet: () => waiting.hasGreeted = true,
      [Symbol.dispose]: () => this.#remove(waiting),
    };
  }

  /** Returns the connection that a new one replaces. @param network Default: that with the most connections. */
  #replaceable(network?: string): Waiting | undefined {
    const latestMs = this.#now() - this.#limits.graceMs;
    let found: Waiting | undefined;
    for (const each of this.#waiting) {
      if (each.sinceMs > latestMs) break;
      if (network !== undefined && each.network !== network) continue;
      if (found === undefined || this.#isLess(each, found)) found = each;
    }
    return found;
  }

  /** Returns whether a newer connection deserves its place less than an older one. */
  #isLess(newer: Waiting, older: Waiting): boolean {
    const [more, most] = [newer, older].map(({ network }) => this.#open.get(network)!);
    return more === most ? !newer.hasGreeted && older.hasGreeted : more > most;
  }

  #remove(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    const left = this.#open.get(waiting.network)! - 1;
    if (left === 0) this.#open.delete(waiting.network);
    else this.#open.set(waiting.network, left);
  }

  /** Counts a wrong proof. Returns the pause before the answer, in milliseconds. */
  wrongProof(address: string): number {
    const { firstPauseMs, maxPauseMs, forgetMs, maxNetworks } = this.#limits;
    const network = clientNetwork(address);
    const nowMs = this.#now();
    const before = this.#wrong.get(network);
    const isRecent = before !== undefined && nowMs - before.lastMs < forgetMs;
    // Beyond 50 the pause exceeds every maximum.
    const count = isRecent ? Math.min(before.count + 1, 50) : 1;
    this.#wrong.delete(network);
    this.#wrong.set(network, { count, lastMs: nowMs });
    for (const [oldest, { lastMs }] of this.#wrong) {
      if (this.#wrong.size <= maxNetworks && nowMs - lastMs < forgetMs) break;
      this.#wrong.delete(oldest);
    }
    return Math.min(firstPauseMs * 2 ** (count - 1), maxPauseMs);
  }

  /** Forgets the wrong proofs of an address. */
  rightProof(address: string): void {
    this.#wrong.delete(clientNetwork(address));
  }
}
