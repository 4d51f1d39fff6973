/** Client: opens streams to the remote end, at the first of its addresses that proves to be it, or else by a tunnel. */

import type { CipherEngine } from "../crypto/cipher.ts";
import { StartError } from "../errors.ts";
import type { ByteConn } from "../native/transport.ts";
import type { Tunnel, TunnelConn, TunnelUse } from "./tunnel.ts";
import type { ProvenStream, SessionSecrets } from "./session.ts";
import { DEFAULT_PORTS } from "./data_port.ts";
import { closeQuietly, PROOF_TIMEOUT_MS, proveToRemote } from "./stream_proof.ts";

/** A place where the remote end may listen. */
export interface Candidate {
  hostname: string;
  port: number;
  /** What to connect to in place of `hostname`, found out when its turn comes. */
  lookUp?: () => Promise<string | undefined>;
}

/** How long one candidate is alone before the next is tried as well (RFC 8305 calls it the connection attempt delay). */
const STAGGER_MS = 250;
/** How long the first stream may take in all. */
const CONNECT_TIMEOUT_MS = 15_000;
/** The same where a tunnel is at hand. */
const DIRECT_TIMEOUT_MS = 3_000;
/** How long a tunnel may take to be there and prove itself: it has to log in. */
const TUNNEL_TIMEOUT_MS = 15_000;

/** Opens streams. Numbers count up and are never used twice, whatever became of the attempt. */
export class StreamConnector {
  readonly #secrets: SessionSecrets;
  readonly #engine: CipherEngine;
  readonly #tunnels?: TunnelUse;
  #next = 0;
  #chosen?: Candidate;
  #tunnel?: Tunnel;
  #closed = false;
  #later: Promise<unknown> = Promise.resolve();
  readonly #pending = new Set<ByteConn>();
  readonly #carriers = new Set<TunnelConn>();

  constructor(secrets: SessionSecrets, engine: CipherEngine, tunnels?: TunnelUse) {
    this.#secrets = secrets;
    this.#engine = engine;
    this.#tunnels = tunnels;
  }

  /** The place that has proven itself. */
  get chosen(): Candidate | undefined {
    return this.#chosen;
  }

  /** The tunnel that has, where no place did. */
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }

  /**
   * Opens `count` streams, or as many as are worth having. Resolves when the first is there.
   *
   * @throws {StartError} when there is no way, naming each that was tried and why it failed.
   */
  async connect(candidates: Candidate[], count: number, take: (stream: ProvenStream) => void): Promise<void> {
    if (count === 0) return;
    const again = this.#again();
    take(again ? await again() : await this.#first(candidates));
    // One stream is enough to copy: that a further one comes late, or fails, only makes it slower.
    const wanted = Math.min(count, this.#tunnel?.most ?? count) - 1;
    const more = Array.from({ length: wanted }, () => this.#again()!().then(take, () => {}));
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

  /** Resolves when no tunnel is left, after all their connections are closed. */
  async gone(): Promise<void> {
    await Promise.all(Array.from(this.#carriers, ({ ended }) => ended));
  }

  /** How the first stream was opened. */
  #again(): (() => Promise<ProvenStream>) | undefined {
    const [place, tunnel] = [this.#chosen, this.#tunnel];
    if (place) return () => this.#reach(place);
    return tunnel && (() => this.#goThrough(tunnel));
  }

  async #first(candidates: Candidate[]): Promise<ProvenStream> {
    const tunnels = this.#tunnels;
    const failures: string[] = [];
    const direct = tunnels?.always ? undefined : await this.#race(candidates, failures);
    if (direct) return direct;
    const failed: string[] = [];
    for (;;) {
      const tunnel = this.#closed ? undefined : await tunnels?.find(failed);
      if (!tunnel) break;
      try {
        const stream = await this.#goThrough(tunnel);
        this.#tunnel = tunnel;
        if (!tunnels!.always) tunnels!.used(tunnel, failures);
        return stream;
      } catch (error) {
        failed.push(messageOf(error));
        failures.push(`${tunnel.name}: ${messageOf(error)}`);
      }
    }
    throw new StartError(
      `Cannot reach the data port of the other side (${failures.join("; ") || "it told no address"})`,
      {
        hint: `${portsToOpen(candidates[0]?.port)} of the remote host for this machine` +
          (failed.length > 0 ? ", or let ssh log in again without a password (ControlMaster in ssh_config)" : ""),
      },
    );
  }

  /** The first that proves itself; undefined when none does in time, and `failures` has a line for each then. */
  async #race(candidates: Candidate[], failures: string[]): Promise<ProvenStream | undefined> {
    const left = new Map(candidates.map((candidate) => [candidate, "no answer"]));
    let winner: ProvenStream | undefined;
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
          this.#chosen = place;
          for (const pending of this.#pending) closeQuietly(pending);
        })
      ).catch((error) => {
        left.set(candidate, messageOf(error));
      }).finally(() => {
        running--;
        wake();
      });
    };
    const patience = this.#tunnels ? DIRECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    const deadline = performance.now() + patience;
    for (let next = 0; !winner && !this.#closed && performance.now() < deadline;) {
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
    over = true;
    if (winner) return winner;
    for (const conn of this.#pending) closeQuietly(conn);
    for (const [candidate, why] of left) failures.push(`${placeName(candidate)}: ${why}`);
  }

  async #reach(place: Candidate): Promise<ProvenStream> {
    const index = this.#next++;
    const conn = await connectInTime(place);
    conn.setNoDelay(true);
    return await this.#prove(conn, index, PROOF_TIMEOUT_MS);
  }

  async #goThrough(tunnel: Tunnel): Promise<ProvenStream> {
    const conn = tunnel.open();
    this.#carriers.add(conn);
    conn.ended.then(() => this.#carriers.delete(conn));
    try {
      return await this.#prove(conn, this.#next++, TUNNEL_TIMEOUT_MS);
    } catch (error) {
      conn.kill();
      throw new Error(await conn.said() || messageOf(error), { cause: error });
    }
  }

  async #prove(conn: ByteConn, index: number, timeoutMs: number): Promise<ProvenStream> {
    if (this.#closed) {
      closeQuietly(conn);
      throw new Error("no longer needed");
    }
    this.#pending.add(conn);
    try {
      return await proveToRemote(conn, index, this.#secrets, this.#engine, timeoutMs);
    } finally {
      this.#pending.delete(conn);
    }
  }
}

/** What to open, for messages, where this port is closed. */
export function portsToOpen(port: number | undefined): string {
  const { first, last } = DEFAULT_PORTS;
  const usual = port === undefined || (first <= port && port <= last);
  // Those of a configuration, or any free one, as all of the usual ones were taken.
  const other = usual ? "" : `, or those that are set there (now it was ${port}),`;
  return `Open TCP ports ${first}-${last}${other}`;
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
    throw new Deno.errors.TimedOut("no answer");
  } finally {
    clearTimeout(timer!);
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/ \(os error \d+\)/, "");
}

function placeName({ hostname, port }: Candidate): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
