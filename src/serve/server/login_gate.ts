/** Limits of connections before their proof: their number, and the pause after wrong proofs. Pure except for its clock. */

import { clientNetwork } from "./client_network.ts";

/** Limits of a gate. */
export interface GateLimits {
  /** Maximum number of connections without a proof. */
  readonly total: number;
  /** As `total`, of one network (`clientNetwork`). */
  readonly perNetwork: number;
  /** Pause after the first wrong proof of a network, in milliseconds. Each further one doubles it. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** Time without a wrong proof after which a network starts over, in milliseconds. */
  readonly forgetMs: number;
  /** Maximum number of networks with wrong proofs that are remembered. Beyond it the oldest is forgotten. */
  readonly maxNetworks: number;
}

/** A network has up to 16 connections, so it tries at most 16 proofs per 30 s after its first wrong ones. */
const DEFAULTS: GateLimits = {
  total: 256,
  perNetwork: 16,
  firstPauseMs: 500,
  maxPauseMs: 30_000,
  forgetMs: 600_000,
  maxNetworks: 4096,
};

/** Counts connections and wrong proofs. Its memory is bounded by `total` and `maxNetworks`. */
export class LoginGate {
  readonly #limits: GateLimits;
  readonly #now: () => number;
  /** Connections without a proof by network. */
  readonly #open = new Map<string, number>();
  /** Wrong proofs by network; the network with the oldest one is first. */
  readonly #wrong = new Map<string, { count: number; lastMs: number }>();
  #total = 0;

  /** @param now Returns the time in milliseconds, from any start. It never decreases. */
  constructor(limits: Partial<GateLimits> = {}, now: () => number = () => performance.now()) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#now = now;
  }

  /** Number of networks with wrong proofs that are remembered. */
  get rememberedNetworks(): number {
    return this.#wrong.size;
  }

  /** Counts a connection before its proof. Returns undefined if there are too many. Disposing ends the count. */
  admit(address: string): Disposable | undefined {
    const network = clientNetwork(address);
    const open = this.#open.get(network) ?? 0;
    if (this.#total >= this.#limits.total || open >= this.#limits.perNetwork) return undefined;
    this.#total++;
    this.#open.set(network, open + 1);
    let counts = true;
    const dispose = () => {
      if (!counts) return;
      counts = false;
      this.#total--;
      const left = this.#open.get(network)! - 1;
      if (left === 0) this.#open.delete(network);
      else this.#open.set(network, left);
    };
    return { [Symbol.dispose]: dispose };
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
