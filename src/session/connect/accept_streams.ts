/** The end that listens, the remote one as a rule: awaits the streams of its session among whoever connects. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { unprovenFiles } from "../../native/file/open_files_limit.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";
import { acceptProof, closeQuietly } from "./stream_proof.ts";

/**
 * Maximum number of unproven connections, unless the limit of open files allows fewer. The next connection displaces the
 * oldest: connections of the session prove themselves quickly.
 */
const MAX_UNPROVEN = 256;

/** Hands over each connection that proves itself, until the listener is closed. Strangers are dropped in silence. */
export class StreamAcceptor {
  readonly #listeners: readonly Deno.TcpListener[];
  readonly #unproven = new Set<Deno.TcpConn>();
  readonly #claimed = new Set<number>();
  #mostUnproven = () => MAX_UNPROVEN;
  #closed = false;

  /** @param listeners at one port; at least one. */
  constructor(...listeners: Deno.TcpListener[]) {
    this.#listeners = listeners;
  }

  /** Where it listens. */
  get port(): number {
    return this.#listeners[0].addr.port;
  }

  /**
   * @param most how many streams may prove themselves in all; those that broke and were replaced count too.
   * @param options.as which end of the session this is.
   * @param options.welcome whether a stream of this number is; asked once, when it has proven itself.
   * @param options.expected number of streams of the session that may be unproven now: they fit in any case.
   */
  async run(
    secrets: SessionSecrets,
    engine: CipherEngine,
    most: number,
    take: (stream: AuthenticatedStream) => void,
    { as = "remote", welcome = () => true, expected = () => 1 }: {
      as?: Role;
      welcome?: (index: number) => boolean;
      expected?: () => number;
    } = {},
  ): Promise<void> {
    const share = unprovenFiles();
    this.#mostUnproven = () => Math.min(MAX_UNPROVEN, Math.max(expected(), share));
    const claim = (index: number) => {
      if (this.#closed || this.#claimed.has(index) || this.#claimed.size >= most || !welcome(index)) return false;
      this.#claimed.add(index);
      return true;
    };
    const admit = (conn: Deno.TcpConn) => {
      this.#admit(conn);
      acceptProof(conn, secrets, engine, claim, as).then(
        (stream) => {
          // What was dropped while the proof was answered is closed.
          if (this.#unproven.delete(conn)) take(stream);
        },
        () => this.#unproven.delete(conn),
      );
    };
    await Promise.all(this.#listeners.map(async (listener) => {
      for (let conn; (conn = await this.#accept(listener));) admit(conn);
    }));
  }

  /** Ends `run` and drops who has not proven itself. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listeners.forEach(closeQuietly);
    for (const conn of this.#unproven) closeQuietly(conn);
    this.#unproven.clear();
  }

  #admit(conn: Deno.TcpConn): void {
    const most = this.#mostUnproven();
    while (this.#unproven.size >= most) {
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
        // A connection that was reset before it was accepted, or too many open files: the next may go well.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}
