/** Client: has the streams of a session, by a direct way if there is one, or else by a tunnel. */

import { messageOf, StartError } from "../../errors.ts";
import { settleWithin } from "../../async/settle_within.ts";
import type { Attempt, StreamDialer } from "./dial_streams.ts";
import type { DirectPath } from "./direct_path.ts";
import type { Tunnel, TunnelConn, TunnelUse } from "../../net/tunnel.ts";
import type { AuthenticatedStream } from "../model/session.ts";
import { type StreamCount, streamsForRtt } from "../model/stream_count.ts";

/** How long the first stream may take in all. */
const CONNECT_TIMEOUT_MS = 15_000;
/** The same where a tunnel is at hand. */
const DIRECT_TIMEOUT_MS = 3_000;
/** How long a tunnel may take to be there and prove itself: it has to log in. */
const TUNNEL_TIMEOUT_MS = 15_000;

/** Further streams take the way twice there and back, and what is under way already slows them down. */
const PATIENCE = 4;

/** See above. */
export class StreamConnector {
  readonly #dialer: StreamDialer;
  readonly #direct: DirectPath;
  readonly #tunnels?: TunnelUse;
  #isDirect = false;
  #tunnel?: Tunnel;
  readonly #tunnelAttempts: Attempt[] = [];
  #closed = false;
  #later: Promise<unknown> = Promise.resolve();
  readonly #carriers = new Set<TunnelConn>();

  /** @param dialer gives the streams of tunnels their numbers. */
  constructor(dialer: StreamDialer, direct: DirectPath, tunnels?: TunnelUse) {
    this.#dialer = dialer;
    this.#direct = direct;
    this.#tunnels = tunnels;
  }

  /** Where the streams go, once they do: an address, or the name of a tunnel. */
  get address(): string | undefined {
    if (this.#isDirect) return this.#direct.address;
    return this.#tunnel && `ssh (${this.#tunnel.name})`;
  }

  /** What came of each way to the first stream. */
  get attempts(): Attempt[] {
    return [...this.#direct.attempts, ...this.#tunnelAttempts];
  }

  /** The tunnel that is used, where there is no direct way. */
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }

  /** How long the way takes there and back; undefined: not known. A tunnel has to log in first, which tells nothing. */
  get roundTripMs(): number | undefined {
    return this.#isDirect ? this.#direct.roundTripMs : undefined;
  }

  /**
   * Opens as many streams as are worth having. Resolves when the first is there, and over a way that seems long when it is
   * known how long it is.
   *
   * @returns how many it opens.
   * @throws {StartError} when there is no way, naming each that was tried and why it failed.
   */
  async connect(count: StreamCount, take: (stream: AuthenticatedStream) => void): Promise<number> {
    if (count.max === 0) return 0;
    const again = this.#again();
    take(again ? await again() : await this.#first());
    // One stream is enough to copy: that a further one comes late, or fails, only makes it slower.
    const open = (streams: number) => {
      const more = Array.from({ length: this.#closed ? 0 : streams }, () => this.#again()!().then(take, () => {}));
      return this.#later = Promise.all([this.#later, ...more]);
    };
    const most = this.#tunnel?.maxStreams ?? count.max;
    const few = Math.min(count.min, most);
    const others = open(few - 1);
    const { roundTripMs = 0 } = this;
    // An answer may be late for other reasons than the way: those of the others count too, where they come in time.
    if (streamsForRtt(roundTripMs, count) > few) await settleWithin(PATIENCE * roundTripMs, others);
    const wanted = Math.min(streamsForRtt(this.roundTripMs, count), most);
    open(wanted - few);
    return wanted;
  }

  /** Resolves when the further streams are there, or have failed. */
  async settled(): Promise<void> {
    await this.#later;
  }

  /** Ends all attempts. */
  close(): void {
    this.#closed = true;
    this.#direct.close();
    this.#dialer.close();
  }

  /** Resolves when no tunnel is left, after all their connections are closed. */
  async gone(): Promise<void> {
    await Promise.all(Array.from(this.#carriers, ({ ended }) => ended));
  }

  /** How the first stream was opened. */
  #again(): (() => Promise<AuthenticatedStream>) | undefined {
    const tunnel = this.#tunnel;
    if (this.#isDirect) return () => this.#direct.again();
    return tunnel && (() => this.#goThrough(tunnel));
  }

  async #first(): Promise<AuthenticatedStream> {
    const tunnels = this.#tunnels;
    const failures: string[] = [];
    const patienceMs = tunnels ? DIRECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    const direct = tunnels?.always ? undefined : await this.#direct.first(patienceMs, failures);
    if (direct) {
      this.#isDirect = true;
      return direct;
    }
    const failed: string[] = [];
    for (;;) {
      const tunnel = this.#closed ? undefined : await tunnels?.find(failed);
      if (!tunnel) break;
      try {
        const stream = await this.#goThrough(tunnel);
        this.#tunnel = tunnel;
        this.#tunnelAttempts.push({ way: tunnel.name });
        if (!tunnels!.always) tunnels!.onUsed(tunnel, failures);
        return stream;
      } catch (error) {
        failed.push(messageOf(error));
        failures.push(`${tunnel.name}: ${messageOf(error)}`);
        this.#tunnelAttempts.push({ way: tunnel.name, problem: messageOf(error) });
      }
    }
    const { problem, opening } = this.#direct.words;
    throw new StartError(`${problem} (${failures.join("; ") || "it told no address"})`, {
      hint: `${opening("the remote host")}, or let ${
        tunnels
          ? "ssh log in again without a password (ControlMaster in ssh_config)"
          : "the data go through ssh (--tunnel auto)"
      }`,
    });
  }

  async #goThrough(tunnel: Tunnel): Promise<AuthenticatedStream> {
    const conn = tunnel.open();
    this.#carriers.add(conn);
    conn.ended.then(() => this.#carriers.delete(conn));
    try {
      return await this.#dialer.prove(conn, TUNNEL_TIMEOUT_MS);
    } catch (error) {
      conn.kill();
      const said = await conn.failureText();
      const late = error instanceof Deno.errors.TimedOut;
      const why = late && said ? `${messageOf(error)} (${said})` : said || messageOf(error);
      throw new Error(why, { cause: error });
    }
  }
}
