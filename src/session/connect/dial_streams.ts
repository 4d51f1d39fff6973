/** Opens streams by TCP, to the first of several addresses that authenticates as the peer. */

import { delay } from "../../async/delay.ts";
import type { CipherEngine } from "../../crypto/cipher.ts";
import { messageOf } from "../../errors.ts";
import { withDeadline } from "../../async/settle_within.ts";
import type { ByteConn } from "../../net/transport.ts";
import { formatDataAddress } from "../../ssh/data_address.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";
import { closeQuietly } from "../../net/close.ts";
import { offerHandshake, UNNEEDED } from "./handshake.ts";
import { NO_ANSWER } from "../../net/tunnel.ts";

/** An address on which the peer may listen. */
export interface Candidate {
  hostname: string;
  port: number;
  /** Returns a name to use instead of `hostname`. Called just before the attempt. */
  lookUp?: () => Promise<string | undefined>;
}

/** Attempt to open the first stream by an address or a tunnel. */
export interface Attempt {
  /** "host:port", or the name of the tunnel. */
  way: string;
  /** Reason of the failure; undefined after success. */
  problem?: string;
}

/** Maximum times until the first stream is open, in milliseconds. */
export interface Patience {
  /** While no candidate accepts a connection. */
  connectMs: number;
  /** While one has accepted a connection: the peer may be busy. At least `connectMs`. */
  answerMs: number;
}

/** Time between the attempts at two candidates: the "Connection Attempt Delay" of RFC 8305. In milliseconds. */
const STAGGER_MS = 250;
/** Maximum time to connect, and then for the answer of a peer, which may be busy. In milliseconds. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Maximum number of connections per stream and address, and the pause after the first of them in milliseconds. */
const MAX_DROPPED = 4;
const DROPPED_PAUSE_MS = 50;
/** Maximum number of attempts that are kept. A client may request a thousand streams, each at other addresses. */
const MAX_ATTEMPTS = 256;

/** Opens streams. Each attempt gets a new number. */
export class StreamDialer {
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  readonly #as: Role;
  #next: number;
  #chosen?: Candidate;
  #roundTripMs?: number;
  /** Results of the addresses that were tried. */
  readonly attempts: Attempt[] = [];
  #closed = false;
  /** Connections in their handshake that are still needed. */
  readonly #pending = new Set<ByteConn>();

  /** @param first the number of the first stream. */
  constructor(secrets: SessionSecrets, engine: CipherEngine, { as, first }: { as: Role; first: number }) {
    this.#secrets = secrets;
    this.#engine = engine;
    this.#as = as;
    this.#next = first;
  }

  /** Address of the first stream. */
  get chosen(): Candidate | undefined {
    return this.#chosen;
  }

  /** Upper bound of the round trip, in milliseconds; undefined before the first stream. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Ends all attempts. */
  close(): void {
    this.#closed = true;
    this.#dropPending();
  }

  /** Opens the first stream. @returns undefined if the time is over; then `failures` has a line per address. */
  async first(
    candidates: readonly Candidate[],
    { connectMs, answerMs }: Patience,
    failures: string[],
  ): Promise<AuthenticatedStream | undefined> {
    const problems = new Map(candidates.map((candidate) => [candidate, NO_ANSWER]));
    const failed = new Set<Candidate>();
    let won: Candidate | undefined;
    let winner: AuthenticatedStream | undefined;
    let over = false;
    let wake = () => {};
    let running = 0;
    const start = (candidate: Candidate) => {
      running++;
      resolved(candidate).then((place) =>
        this.#reach(place).then((stream) => {
          if (over) return closeQuietly(stream.conn);
          over = true;
          winner = stream;
          won = candidate;
          this.#chosen = place;
          this.#dropPending();
        })
      ).catch((error) => {
        if (over) return;
        failed.add(candidate);
        problems.set(candidate, messageOf(error));
      }).finally(() => {
        running--;
        wake();
      });
    };
    const began = performance.now();
    const remainingMs = () => began + (this.#pending.size > 0 ? answerMs : connectMs) - performance.now();
    for (let next = 0; !winner && !this.#closed && remainingMs() > 0;) {
      const more = next < candidates.length;
      if (more) start(candidates[next++]);
      else if (running === 0) break;
      const wait = Math.max(0, Math.min(more ? STAGGER_MS : Infinity, remainingMs()));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    over = true;
    for (const [candidate, why] of problems) {
      const problem = won && !failed.has(candidate) ? "not needed" : why;
      const attempt = { way: formatDataAddress(candidate), problem };
      if (this.attempts.length === MAX_ATTEMPTS) break;
      this.attempts.push(candidate === won ? { way: formatDataAddress(this.#chosen!) } : attempt);
    }
    if (winner) return winner;
    this.#dropPending();
    for (const [candidate, why] of problems) failures.push(`${formatDataAddress(candidate)}: ${why}`);
  }

  /** Opens another stream to the address of the first. */
  async again(): Promise<AuthenticatedStream> {
    return await this.#reach(this.#chosen!);
  }

  /** Authenticates a connection to the peer, or closes it. */
  async authenticate(conn: ByteConn, timeoutMs: number): Promise<AuthenticatedStream> {
    return await this.#handshake(conn, this.#next++, timeoutMs);
  }

  /** Connects, and again if the peer drops the connection: strangers may have displaced it before its handshake. */
  async #reach(place: Candidate): Promise<AuthenticatedStream> {
    for (let attempt = 1;; attempt++) {
      const index = this.#next++;
      const began = performance.now();
      const conn = await connectInTime(place);
      conn.setNoDelay(true);
      try {
        const stream = await this.#handshake(conn, index, CONNECT_TIMEOUT_MS);
        // Two round trips, for the connection and the handshake, including the time that the peer needs to answer.
        this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, (performance.now() - began) / 2);
        return stream;
      } catch (error) {
        if (this.#closed || attempt === MAX_DROPPED || !isDropped(error)) throw error;
        await delay(attempt * DROPPED_PAUSE_MS);
      }
    }
  }

  async #handshake(conn: ByteConn, index: number, timeoutMs: number): Promise<AuthenticatedStream> {
    if (this.#closed) {
      closeQuietly(conn);
      throw new Error(UNNEEDED);
    }
    this.#pending.add(conn);
    try {
      const stream = await offerHandshake(conn, index, this.#secrets, this.#engine, { as: this.#as, timeoutMs });
      // A connection that was dropped meanwhile is closed.
      if (this.#pending.has(conn)) return stream;
    } catch (error) {
      if (this.#pending.has(conn)) throw error;
    } finally {
      this.#pending.delete(conn);
    }
    throw new Error(UNNEEDED);
  }

  #dropPending(): void {
    for (const conn of this.#pending) closeQuietly(conn);
    this.#pending.clear();
  }
}

async function resolved(candidate: Candidate): Promise<Candidate> {
  const hostname = await candidate.lookUp?.();
  return hostname === undefined ? candidate : { hostname, port: candidate.port };
}

/** Connects in a limited time. Behind a firewall that drops packets, connecting takes minutes. */
async function connectInTime({ hostname, port }: Candidate): Promise<Deno.TcpConn> {
  const connecting = Deno.connect({ hostname, port });
  return await withDeadline(CONNECT_TIMEOUT_MS, connecting, () => {
    connecting.then(closeQuietly, () => {});
    return new Deno.errors.TimedOut(NO_ANSWER);
  });
}

/** Returns whether the peer closed the connection before it answered. */
function isDropped(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}
