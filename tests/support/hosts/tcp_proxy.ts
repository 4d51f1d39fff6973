/** A TCP proxy on loopback that connects each client to another port. Its user decides how bytes pass. */

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Number of connections accepted so far. */
  readonly connections: number;
}

/** Callbacks for each connection. */
export interface ProxyWork {
  /** Called before the proxy connects to the server. */
  opening?(): Promise<void>;
  /**
   * Passes bytes until both ends have closed. Both are closed when it returns or throws.
   *
   * @param close Closes one of the two unless it is closed.
   */
  passing(client: Deno.TcpConn, server: Deno.TcpConn, close: (conn: Deno.TcpConn) => void): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 for the port `upstream`. Disposing closes all connections. */
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
      // One end closed the connection, or the server no longer listens.
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
