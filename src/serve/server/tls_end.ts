/**
 * The server's end of TLS on connections that began with plain lines. Deno has no such call: `Deno.startTls` is for clients, and
 * `node:tls` of Deno 2.6 cannot take over a connection. So a TLS listener on loopback accepts one connection of this process per
 * client, and the bytes are passed on to it.
 */

import { delay } from "../../async/delay.ts";
import { closeQuietly } from "../../net/close.ts";
import { writeAll } from "../../net/pass.ts";
import { acceptWithoutDelay } from "../../native/net/socket_descriptor.ts";
import type { TlsCredentials } from "../certificate.ts";
import { ExpectedConns } from "./expected_conns.ts";
import { passBoth } from "./pass_both.ts";

/** TLS on the connection of a client. */
export interface AcceptedTls {
  /** The decrypted connection. */
  readonly tls: Deno.TlsConn;
  /** Resolves when the connection of the client is closed: after the last bytes of `tls`, or if the client is too slow. */
  readonly ended: Promise<void>;
}

/** Accepts TLS on existing connections. */
export class TlsEnd implements Disposable {
  readonly #listener: Deno.TlsListener;
  /** Connections of this process. */
  readonly #expected = new ExpectedConns<Deno.TlsConn>();
  readonly #connecting = new Set<Promise<unknown>>();
  /** Connections that are being accepted. */
  readonly #accepting = new Set<Promise<unknown>>();

  /** @throws {Error} if the certificate or the key cannot be used. */
  constructor({ cert, key }: TlsCredentials) {
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    // Otherwise each login waits 40 ms for an acknowledgement between the two ends of a connection of this process.
    acceptWithoutDelay();
    this.#run();
  }

  /**
   * Starts TLS on the connection of a client, before the TLS handshake. The given connection is closed when TLS ends.
   *
   * @param first Bytes of the handshake that have been read already.
   * @throws {Error} if the system refuses a connection on loopback.
   */
  accept(conn: Deno.Conn, first: Uint8Array = new Uint8Array()): Promise<AcceptedTls> {
    const accepting = this.#accept(conn, first);
    this.#accepting.add(accepting);
    return accepting.finally(() => this.#accepting.delete(accepting));
  }

  /** Disposes of this end after the connections that are being accepted. */
  async retire(): Promise<void> {
    await Promise.allSettled(this.#accepting);
    this[Symbol.dispose]();
  }

  async #accept(conn: Deno.Conn, first: Uint8Array): Promise<AcceptedTls> {
    const connecting = this.#connect(first);
    this.#connecting.add(connecting);
    const { inner, accepted } = await connecting.finally(() => this.#connecting.delete(connecting));
    const ended = passBoth(conn, inner);
    return { tls: await accepted, ended };
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #connect(first: Uint8Array): Promise<{ inner: Deno.TcpConn; accepted: Promise<Deno.TlsConn> }> {
    const { port } = this.#listener.addr;
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    inner.setNoDelay(true);
    const accepted = this.#expected.expect(inner.localAddr);
    try {
      await writeAll(inner, first);
      return { inner, accepted };
    } catch (error) {
      closeQuietly(inner);
      accepted.then(closeQuietly);
      throw error;
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        // Such as no free descriptors: the connections in progress free some.
        await delay(100);
        continue;
      }
      this.#assign(conn);
    }
  }

  /** Closes connections of other processes, which have not passed the limits of the server. */
  async #assign(conn: Deno.TlsConn): Promise<void> {
    const remote = conn.remoteAddr as Deno.NetAddr;
    if (this.#expected.accept(remote, conn)) return;
    await Promise.allSettled(this.#connecting);
    if (!this.#expected.accept(remote, conn)) conn.close();
  }
}
