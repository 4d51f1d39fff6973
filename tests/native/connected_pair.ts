/** Two ends of one loopback connection, for tests. */

import { descriptorOf, duplicate, RawSocket } from "../../src/native/net/sockets.ts";
import type { TransportOptions } from "../../src/net/transport.ts";

/** Both ends; disposing closes what is still open. */
export interface ConnectedPair extends Disposable {
  near: Deno.TcpConn;
  far: Deno.TcpConn;
}

/** A connection of this process to itself, on a port that the system chooses. */
export async function connectPair(): Promise<ConnectedPair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [near, far] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  return { near, far, [Symbol.dispose]: () => [near, far].forEach(closeQuietly) };
}

/** A socket of its own over a connection; the connection must be closed too, and later. */
export function rawSocketOf(conn: Deno.TcpConn, options?: TransportOptions): RawSocket & Disposable {
  const socket = new RawSocket(duplicate(descriptorOf(conn)!), options);
  return Object.assign(socket, { [Symbol.dispose]: () => socket.close() });
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
