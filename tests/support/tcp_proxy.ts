/** A TCP proxy on loopback: takes connections and joins each with one to another port. What passes is up to its user. */

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that have come so far. */
  readonly connections: number;
}

/** What happens to a connection. */
export interface ProxyWork {
  /** Before there is one to the server. */
  opening?(): Promise<void>;
  /**
   * Passes bytes on until both ends are through; both are closed then, and also when it throws.
   *
   * @param close closes one of the two, which may be closed already.
   */
  passing(client: Deno.TcpConn, server: Deno.TcpConn, close: (conn: Deno.TcpConn) => void): Promise<void>;
}

/** Listens on a free port of 127.0.0.1, for another one there. Disposing closes all connections. */
export function startTcpProxy(upstream: number, { opening, passing }: ProxyWork): TcpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const work = new Set<Promise<void>>();
  const counts = { connections: 0 };

  function close(conn: Deno.TcpConn): void {
    if (open.delete(conn)) conn.close();
  }

  async function serve(client: Deno.TcpConn): Promise<void> {
    counts.connections++;
    open.add(client);
    let server: Deno.TcpConn | undefined;
    try {
      await opening?.();
      server = await Deno.connect({ hostname: "127.0.0.1", port: upstream });
      open.add(server);
      await passing(client, server, close);
    } catch {
      // A side has gone, or the server does not listen any more.
    }
    close(client);
    if (server) close(server);
  }

  const accepting = (async () => {
    for await (const conn of listener) {
      const served: Promise<void> = serve(conn).finally(() => work.delete(served));
      work.add(served);
    }
  })();
  return {
    port: listener.addr.port,
    get connections() {
      return counts.connections;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of [...open]) close(conn);
      await accepting.catch(() => {});
      await Promise.all(work);
    },
  };
}
