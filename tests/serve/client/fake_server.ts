/** A server in the process of a test, that answers as the test wants. */

import { closeQuietly } from "../../../src/net/close.ts";
import { writeAll } from "../../../src/net/pass.ts";
import { formatAnswer, MAX_FIRST_LINE_BYTES } from "../../../src/protocol/serve/first_line.ts";
import { credentialsOf, type Identity } from "../../../src/serve/certificate.ts";
import { readLine } from "../../../src/serve/read_line.ts";
import { createIdentity } from "../../../src/serve/server/create_identity.ts";
import { TlsEnd } from "../../../src/serve/server/tls_end.ts";

/** A listening server. */
export interface FakeServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** Answers each connection. Errors of a connection are ignored. Disposing closes all connections. */
export function startFakeServer(answer: (conn: Deno.TcpConn) => Promise<void>): FakeServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns = new Set<Deno.Conn>();
  const running: Promise<void>[] = [];
  const serve = async (conn: Deno.TcpConn) => {
    conns.add(conn);
    await answer(conn).catch(() => {});
  };
  const accept = async () => {
    try {
      for await (const conn of listener) running.push(serve(conn));
    } catch {
      // The listener is closed.
    }
  };
  const accepting = accept();
  return {
    host: "127.0.0.1",
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      closeQuietly(listener);
      conns.forEach(closeQuietly);
      await accepting;
      await Promise.all(running);
    },
  };
}

/** Starts a server that reads the first line, and answers with these bytes. */
export function startAnswering(answer: string | Uint8Array): FakeServer {
  return startFakeServer(async (conn) => {
    await readLine(conn, MAX_FIRST_LINE_BYTES);
    await writeAll(conn, typeof answer === "string" ? new TextEncoder().encode(answer) : answer);
    // Until the client ends the connection.
    while (await conn.read(new Uint8Array(1024)) !== null);
  });
}

/** Identities of a server that shows one certificate, and has another in TLS. */
export interface TlsServerOptions {
  /** Default: a new one. */
  identity?: Identity;
  /** Certificate in the answer to the first line. Default: that of the identity. */
  shown?: Uint8Array<ArrayBuffer>;
}

/** Starts a server that accepts TLS. The body has the decrypted connection, which is closed afterwards. */
export async function startTlsServer(
  { identity, shown }: TlsServerOptions,
  body: (tls: Deno.TlsConn) => Promise<void>,
): Promise<FakeServer> {
  const own = identity ?? await createIdentity();
  const end = new TlsEnd(credentialsOf(own));
  const server = startFakeServer(async (conn) => {
    await readLine(conn, MAX_FIRST_LINE_BYTES);
    await writeAll(
      conn,
      new TextEncoder().encode(formatAnswer({ kind: "certificate", certificate: shown ?? own.certificate })),
    );
    const { tls } = await end.accept(conn);
    await body(tls).catch(() => {});
    closeQuietly(tls);
  });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      end[Symbol.dispose]();
    },
  };
}
