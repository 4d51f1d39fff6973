/** Client: opens streams to the remote end, at the first of its addresses that proves to be it. */

import type { CipherEngine } from "../crypto/cipher.ts";
import { StartError } from "../errors.ts";
import type { ProvenStream, SessionSecrets } from "./session.ts";
import { closeQuietly, proveToRemote } from "./stream_proof.ts";

/** A place where the remote end may listen. */
export interface Candidate {
  hostname: string;
  port: number;
}

/** How long one candidate is alone before the next is tried as well (RFC 8305 calls it the connection attempt delay). */
const STAGGER_MS = 250;
/** How long the first stream may take in all. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Opens streams. Numbers count up and are never used twice, whatever became of the attempt. */
export class StreamConnector {
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  #next = 0;
  #chosen?: Candidate;
  #closed = false;
  #later: Promise<unknown> = Promise.resolve();
  readonly #pending = new Set<Deno.TcpConn>();

  constructor(secrets: SessionSecrets, engine: CipherEngine) {
    this.#secrets = secrets;
    this.#engine = engine;
  }

  /** The place that has proven itself. */
  get chosen(): Candidate | undefined {
    return this.#chosen;
  }

  /**
   * Opens `count` streams. Resolves when the first is there.
   *
   * @throws {StartError} when no candidate can be reached, naming each and why.
   */
  async connect(candidates: Candidate[], count: number, take: (stream: ProvenStream) => void): Promise<void> {
    if (count === 0) return;
    const first = this.#chosen ? await this.#attempt(this.#chosen) : await this.#race(candidates);
    take(first);
    // One stream is enough to copy: that a further one comes late, or fails, only makes it slower.
    const more = Array.from({ length: count - 1 }, () => this.#attempt(this.#chosen!).then(take, () => {}));
    this.#later = Promise.all([this.#later, ...more]);
  }

  /** Resolves when the further streams are there, or have failed. */
  async settled(): Promise<void> {
    await this.#later;
  }

  /** Ends all attempts. */
  close(): void {
    this.#closed = true;
    for (const conn of this.#pending) closeQuietly(conn);
  }

  async #race(candidates: Candidate[]): Promise<ProvenStream> {
    const failures: string[] = [];
    let winner: ProvenStream | undefined;
    let wake = () => {};
    let running = 0;
    const start = (candidate: Candidate) => {
      running++;
      this.#attempt(candidate).then((stream) => {
        if (winner) return closeQuietly(stream.conn);
        winner = stream;
        this.#chosen = candidate;
        for (const pending of this.#pending) closeQuietly(pending);
      }, (error) => {
        failures.push(`${place(candidate)}: ${error instanceof Error ? error.message : error}`);
      }).finally(() => {
        running--;
        wake();
      });
    };
    const deadline = performance.now() + CONNECT_TIMEOUT_MS;
    for (let next = 0; !winner && performance.now() < deadline;) {
      const more = next < candidates.length;
      if (more) start(candidates[next++]);
      else if (running === 0) break;
      const wait = Math.min(more ? STAGGER_MS : Infinity, deadline - performance.now());
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (winner) return winner;
    this.close();
    const tried = candidates.map(place).filter((each) => !failures.some((line) => line.startsWith(each + ":")));
    const lines = [...failures, ...tried.map((each) => `${each}: no answer`)];
    throw new StartError(`Cannot reach the data port of the other side (${lines.join("; ") || "it told no address"})`, {
      hint: "Open TCP ports 1232-1242 of the remote host for this machine",
    });
  }

  async #attempt(candidate: Candidate): Promise<ProvenStream> {
    const index = this.#next++;
    const conn = await connectInTime(candidate);
    if (this.#closed) {
      closeQuietly(conn);
      throw new Error("no longer needed");
    }
    this.#pending.add(conn);
    try {
      return await proveToRemote(conn, index, this.#secrets, this.#engine);
    } finally {
      this.#pending.delete(conn);
    }
  }
}

/** A connection, or a failure within a bounded time: a firewall that drops packets says nothing for minutes. */
async function connectInTime(candidate: Candidate): Promise<Deno.TcpConn> {
  const connecting = Deno.connect(candidate);
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), CONNECT_TIMEOUT_MS));
  try {
    const conn = await Promise.race([connecting, late]);
    if (conn !== "late") return conn;
    connecting.then(closeQuietly, () => {});
    throw new Deno.errors.TimedOut("no answer");
  } finally {
    clearTimeout(timer!);
  }
}

function place({ hostname, port }: Candidate): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
