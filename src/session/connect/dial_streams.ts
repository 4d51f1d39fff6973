/** Opens streams by TCP, at the first of several places that proves to be the other end. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { messageOf } from "../../errors.ts";
import type { ByteConn } from "../../net/transport.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";
import { closeQuietly, offerProof, PROOF_TIMEOUT_MS, UNNEEDED } from "./stream_proof.ts";
import { NO_ANSWER } from "../../net/tunnel.ts";

/** A place where the other end may listen. */
export interface Candidate {
  hostname: string;
  port: number;
  /** What to connect to in place of `hostname`, found out when its turn comes. */
  lookUp?: () => Promise<string | undefined>;
}

/** What came of a place, or of a tunnel, that might have carried streams. */
export interface Attempt {
  /** "host:port", or the name of the tunnel. */
  way: string;
  /** Why it was not taken; undefined: it was. */
  problem?: string;
}

/** How long one candidate is alone before the next is tried as well (RFC 8305 calls it the connection attempt delay). */
const STAGGER_MS = 250;
/** How long a connection may take to be there. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Maximum number of connections to one place for a stream, and the pause after the first of them. In milliseconds. */
const MOST_DROPPED = 4;
const DROPPED_PAUSE_MS = 50;
/** Maximum number of attempts that are kept: a client may request a thousand streams, with other places for each. */
const MOST_ATTEMPTS = 256;

/** Numbers count up and are never used twice, whatever became of the attempt. */
export class StreamDialer {
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  readonly #as: Role;
  #next: number;
  #chosen?: Candidate;
  #roundTripMs?: number;
  /** What came of each place. */
  readonly attempts: Attempt[] = [];
  #closed = false;
  /** What has not proven itself yet, and is still wanted. */
  readonly #pending = new Set<ByteConn>();

  /** @param first the number of the first stream. */
  constructor(secrets: SessionSecrets, engine: CipherEngine, { as, first }: { as: Role; first: number }) {
    this.#secrets = secrets;
    this.#engine = engine;
    this.#as = as;
    this.#next = first;
  }

  /** The place that has proven itself. */
  get chosen(): Candidate | undefined {
    return this.#chosen;
  }

  /** How long the way takes there and back, at most; undefined before the first stream. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Ends all attempts. */
  close(): void {
    this.#closed = true;
    this.#dropPending();
  }

  /** A stream from the first place that proves itself; undefined when none does in time: `failures` has a line for each then. */
  async first(
    candidates: readonly Candidate[],
    patienceMs: number,
    failures: string[],
  ): Promise<AuthenticatedStream | undefined> {
    const left = new Map(candidates.map((candidate) => [candidate, NO_ANSWER]));
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
        left.set(candidate, messageOf(error));
      }).finally(() => {
        running--;
        wake();
      });
    };
    const deadline = performance.now() + patienceMs;
    for (let next = 0; !winner && !this.#closed && performance.now() < deadline;) {
      const more = next < candidates.length;
      if (more) start(candidates[next++]);
      else if (running === 0) break;
      const wait = Math.max(0, Math.min(more ? STAGGER_MS : Infinity, deadline - performance.now()));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    over = true;
    for (const [candidate, why] of left) {
      const problem = won && !failed.has(candidate) ? "not needed" : why;
      const attempt = { way: placeName(candidate), problem };
      if (this.attempts.length === MOST_ATTEMPTS) break;
      this.attempts.push(candidate === won ? { way: placeName(this.#chosen!) } : attempt);
    }
    if (winner) return winner;
    this.#dropPending();
    for (const [candidate, why] of left) failures.push(`${placeName(candidate)}: ${why}`);
  }

  /** One more from the place that was chosen. */
  async again(): Promise<AuthenticatedStream> {
    return await this.#reach(this.#chosen!);
  }

  /** Has a connection that leads to the other end prove itself, and closes it when it does not. */
  async prove(conn: ByteConn, timeoutMs: number): Promise<AuthenticatedStream> {
    return await this.#prove(conn, this.#next++, timeoutMs);
  }

  /** Connects, and again if the other end drops the connection: strangers may have displaced it among the unproven ones. */
  async #reach(place: Candidate): Promise<AuthenticatedStream> {
    for (let attempt = 1;; attempt++) {
      const index = this.#next++;
      const began = performance.now();
      const conn = await connectInTime(place);
      conn.setNoDelay(true);
      try {
        const stream = await this.#prove(conn, index, PROOF_TIMEOUT_MS);
        // Two round trips: for the connection and for the proof. The work of the other end before its answer counts too.
        this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, (performance.now() - began) / 2);
        return stream;
      } catch (error) {
        if (this.#closed || attempt === MOST_DROPPED || !isDropped(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * DROPPED_PAUSE_MS));
      }
    }
  }

  async #prove(conn: ByteConn, index: number, timeoutMs: number): Promise<AuthenticatedStream> {
    if (this.#closed) {
      closeQuietly(conn);
      throw new Error(UNNEEDED);
    }
    this.#pending.add(conn);
    try {
      const stream = await offerProof(conn, index, this.#secrets, this.#engine, { as: this.#as, timeoutMs });
      // What was dropped while the answer was checked is closed.
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

/** A connection, or a failure within a bounded time: a firewall that drops packets says nothing for minutes. */
async function connectInTime({ hostname, port }: Candidate): Promise<Deno.TcpConn> {
  const connecting = Deno.connect({ hostname, port });
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), CONNECT_TIMEOUT_MS));
  try {
    const conn = await Promise.race([connecting, late]);
    if (conn !== "late") return conn;
    connecting.then(closeQuietly, () => {});
    throw new Deno.errors.TimedOut(NO_ANSWER);
  } finally {
    clearTimeout(timer!);
  }
}

/** Returns whether the other end closed the connection before it answered. */
function isDropped(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}

function placeName({ hostname, port }: Candidate): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
