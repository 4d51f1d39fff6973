/** Two ends of one loopback connection, for tests. */

import { descriptorOf, duplicate } from "../../src/native/net/socket_descriptor.ts";
import { RawSocket } from "../../src/native/net/sockets.ts";
import type { TransportOptions } from "../../src/net/transport.ts";

/** Both ends of a connection. Disposing closes the ends that are still open. */
export interface ConnectedPair extends Disposable {
  near: Deno.TcpConn;
  far: Deno.TcpConn;
}

/** Connects this process to itself, on a port that the system chooses. */
export async function connectPair(): Promise<ConnectedPair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [near, far] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  return { near, far, [Symbol.dispose]: () => [near, far].forEach(closeQuietly) };
}

/** Returns a socket with a duplicate descriptor of a connection. Close the connection too, and after the socket. */
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
