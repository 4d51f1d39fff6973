/** Client: opens the streams of a session, by a direct route or through a tunnel. */

import { messageOf, StartError } from "../../errors.ts";
import { settleWithin } from "../../async/settle_within.ts";
import type { Attempt, Patience, StreamDialer } from "./dial_streams.ts";
import type { DirectPath } from "./direct_path.ts";
import { describeTunnel, type Tunnel, type TunnelConn, type TunnelUse } from "../../net/tunnel.ts";
import type { AuthenticatedStream } from "../model/session.ts";
import { type StreamCount, streamsForRtt } from "../model/stream_count.ts";

/** Maximum time until the peer accepts the first connection, in milliseconds. */
const CONNECT_MS = 3_000;
/** Maximum time until the first direct stream is open if there is no other route, or the peer is on this machine. */
const ANSWER_MS = 15_000;
/** Maximum time to open a tunnel and for its handshake, including a login. In milliseconds. */
const TUNNEL_TIMEOUT_MS = 15_000;

/** Number of round trips to wait for further streams. They need two, and data in transit delays them. */
const FURTHER_ROUND_TRIPS = 4;

/** Opens streams, all by the route of the first. */
export class StreamConnector {
  readonly #dialer: StreamDialer;
  readonly #direct: DirectPath;
  readonly #tunnels?: TunnelUse;
  readonly #host?: string;
  readonly #patience: Patience;
  readonly #carrier: string;
  readonly #isProxied: () => Promise<boolean>;
  #isDirect = false;
  #tunnel?: Tunnel;
  readonly #tunnelAttempts: Attempt[] = [];
  #closed = false;
  #later: Promise<unknown> = Promise.resolve();
  readonly #carriers = new Set<TunnelConn>();

  /**
   * @param dialer numbers the streams of tunnels.
   * @param options.host name of the host of the peer; undefined if it is on this machine.
   * @param options.carrier name of the route of tunnels, for messages.
   * @param options.isProxied returns whether ssh reaches that host through another one.
   */
  constructor(
    dialer: StreamDialer,
    direct: DirectPath,
    { tunnels, host, carrier = "ssh", isProxied }: {
      tunnels?: TunnelUse;
      host?: string;
      carrier?: string;
      isProxied: () => Promise<boolean>;
    },
  ) {
    this.#dialer = dialer;
    this.#direct = direct;
    this.#tunnels = tunnels;
    this.#host = host;
    this.#patience = { connectMs: CONNECT_MS, answerMs: tunnels ? CONNECT_MS : ANSWER_MS };
    this.#carrier = carrier;
    this.#isProxied = isProxied;
  }

  /** Address or tunnel of the streams, once one is open. */
  get address(): string | undefined {
    if (this.#isDirect) return this.#direct.address;
    return this.#tunnel && (this.#tunnel.address ?? describeTunnel(this.#tunnel.name));
  }

  /** Routes that were tried for the first stream. */
  get attempts(): Attempt[] {
    return [...this.#direct.attempts, ...this.#tunnelAttempts];
  }

  /** The tunnel, if there is no direct route. */
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }

  /** Round trip in milliseconds; undefined if unknown. Opening a tunnel includes a login, so its time is not a measure. */
  get roundTripMs(): number | undefined {
    return this.#isDirect ? this.#direct.roundTripMs : undefined;
  }

  /**
   * Opens the useful number of streams. Resolves when the first stream is open. If its round trip is long, resolves after
   * further streams have measured the round trip again.
   *
   * @returns the number of streams.
   * @throws {StartError} if no route works, with each route and its failure.
   */
  async connect(count: StreamCount, take: (stream: AuthenticatedStream) => void): Promise<number> {
    if (count.max === 0) return 0;
    const again = this.#again();
    take(again ? await again() : await this.#first());
    // If a further stream is late, or fails, the copy is only slower.
    const open = (streams: number) => {
      const more = Array.from({ length: this.#closed ? 0 : streams }, () => this.#again()!().then(take, () => {}));
      return this.#later = Promise.all([this.#later, ...more]);
    };
    const max = this.#tunnel?.maxStreams ?? count.max;
    const min = Math.min(count.min, max);
    const others = open(min - 1);
    const { roundTripMs = 0 } = this;
    // One answer may be late for another reason, so the other streams are measured, too.
    if (streamsForRtt(roundTripMs, count) > min) await settleWithin(FURTHER_ROUND_TRIPS * roundTripMs, others);
    const useful = Math.min(streamsForRtt(this.roundTripMs, count), max);
    open(useful - min);
    return useful;
  }

  /** Resolves when the further streams are open, or have failed. */
  async settled(): Promise<void> {
    await this.#later;
  }

  /** Ends all attempts. */
  close(): void {
    this.#closed = true;
    this.#direct.close();
    this.#dialer.close();
  }

  /** Resolves when all tunnels have ended. Close their connections first. */
  async gone(): Promise<void> {
    await Promise.all(Array.from(this.#carriers, ({ ended }) => ended));
  }

  /** Returns a function that opens another stream by the route of the first; undefined if there is no route yet. */
  #again(): (() => Promise<AuthenticatedStream>) | undefined {
    const tunnel = this.#tunnel;
    if (this.#isDirect) return () => this.#direct.again();
    return tunnel && (() => this.#goThrough(tunnel));
  }

  async #first(): Promise<AuthenticatedStream> {
    const tunnels = this.#tunnels;
    const failures: string[] = [];
    const direct = tunnels?.always ? undefined : await this.#direct.first(this.#patience, failures);
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
        if (!tunnels!.always) await tunnels!.onUsed(tunnel, failures);
        return stream;
      } catch (error) {
        failed.push(messageOf(error));
        failures.push(`${tunnel.name}: ${messageOf(error)}`);
        this.#tunnelAttempts.push({ way: tunnel.name, problem: messageOf(error) });
      }
    }
    const { problem, opening } = this.#direct.messages;
    const advice = tunnels ? tunnels.advice : `let the data go through ${this.#carrier} (--tunnel auto)`;
    // Behind a jump host there is no port to open for this machine.
    const open = await this.#isProxied() ? undefined : opening("the remote host");
    const hint = capitalized([open, advice].filter((each) => each !== undefined).join(", or "));
    throw new StartError(`${problem} (${failures.join("; ") || "no address is known"})`, { hint, host: this.#host });
  }

  async #goThrough(tunnel: Tunnel): Promise<AuthenticatedStream> {
    const conn = tunnel.open();
    this.#carriers.add(conn);
    conn.ended.then(() => this.#carriers.delete(conn));
    try {
      return await this.#dialer.authenticate(conn, TUNNEL_TIMEOUT_MS);
    } catch (error) {
      conn.kill();
      const text = await conn.failureText();
      const late = error instanceof Deno.errors.TimedOut;
      const why = late && text ? `${messageOf(error)} (${text})` : text || messageOf(error);
      throw new Error(why, { cause: error });
    }
  }
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
