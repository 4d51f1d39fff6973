/** Accepts the streams of a session on a listening port, usually at the remote end. */

import { delay } from "../../async/delay.ts";
import type { CipherEngine } from "../../crypto/cipher.ts";
import { maxUnauthenticated } from "../../native/file/open_files_limit.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";
import { closeQuietly } from "../../net/close.ts";
import { acceptHandshake } from "./handshake.ts";

/**
 * Maximum number of connections before their handshake, unless the limit of open files allows fewer. The next connection
 * displaces the oldest, because the handshake of a stream is quick.
 */
const MAX_UNPROVEN = 256;

/** Passes on each connection after its handshake. Other connections are closed without an answer. */
export class StreamAcceptor {
  readonly #listeners: readonly Deno.TcpListener[];
  readonly #unproven = new Set<Deno.TcpConn>();
  readonly #claimed = new Set<number>();
  #maxUnproven = () => MAX_UNPROVEN;
  #closed = false;

  /** @param listeners at least one, all at the same port. */
  constructor(...listeners: Deno.TcpListener[]) {
    this.#listeners = listeners;
  }

  /** Port of all listeners. */
  get port(): number {
    return this.#listeners[0].addr.port;
  }

  /**
   * Accepts connections until `close`.
   *
   * @param maxStreams maximum number of streams in total, including replaced ones.
   * @param options.as which end of the session this is.
   * @param options.welcome returns whether a stream of this number is accepted. Called once, after the handshake.
   * @param options.expected returns the number of streams that may be in their handshake now. There is always room for them.
   */
  async run(
    secrets: SessionSecrets,
    engine: CipherEngine,
    maxStreams: number,
    take: (stream: AuthenticatedStream) => void,
    { as = "remote", welcome = () => true, expected = () => 1 }: {
      as?: Role;
      welcome?: (index: number) => boolean;
      expected?: () => number;
    } = {},
  ): Promise<void> {
    const share = maxUnauthenticated();
    this.#maxUnproven = () => Math.min(MAX_UNPROVEN, Math.max(expected(), share));
    const claim = (index: number) => {
      if (this.#closed || this.#claimed.has(index) || this.#claimed.size >= maxStreams || !welcome(index)) return false;
      this.#claimed.add(index);
      return true;
    };
    const admit = (conn: Deno.TcpConn) => {
      this.#admit(conn);
      acceptHandshake(conn, secrets, engine, claim, as).then(
        (stream) => {
          // A connection that was displaced during the handshake is closed.
          if (this.#unproven.delete(conn)) take(stream);
        },
        () => this.#unproven.delete(conn),
      );
    };
    await Promise.all(this.#listeners.map(async (listener) => {
      for (let conn; (conn = await this.#accept(listener));) admit(conn);
    }));
  }

  /** Ends `run`, and closes connections before their handshake. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listeners.forEach(closeQuietly);
    for (const conn of this.#unproven) closeQuietly(conn);
    this.#unproven.clear();
  }

  /** Adds a connection before its handshake. Closes the oldest ones if there are too many. */
  #admit(conn: Deno.TcpConn): void {
    const max = this.#maxUnproven();
    while (this.#unproven.size >= max) {
      const [oldest] = this.#unproven;
      this.#unproven.delete(oldest);
      closeQuietly(oldest);
    }
    this.#unproven.add(conn);
  }

  async #accept(listener: Deno.TcpListener): Promise<Deno.TcpConn | undefined> {
    while (!this.#closed) {
      try {
        return await listener.accept();
      } catch (error) {
        if (this.#closed) return undefined;
        if (error instanceof Deno.errors.BadResource) throw error;
        // The connection was reset, or too many files are open. The next call may succeed.
        await delay(10);
      }
    }
  }
}
