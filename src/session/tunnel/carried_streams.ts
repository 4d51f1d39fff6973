/** Streams that the control channel carries, at both ends. */

import { ProtocolError } from "../../errors.ts";
import { type CarriedMessage, ControlConn } from "./control_conn.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import { pass } from "../../net/pass.ts";
import type { Tunnel } from "../../net/tunnel.ts";

/** Maximum number of open connections. The client opens one, and another if that one breaks. */
const MAX_CARRIED = 8;

/** Connections of a session by number. Numbers count up from 0, and are used once. */
class Carried {
  readonly #conns = new Map<number, ControlConn>();

  /** Passes a message to its connection. @returns whether there is one. */
  accept(message: CarriedMessage): boolean {
    const conn = this.#conns.get(message.stream);
    conn?.accept(message);
    return conn !== undefined;
  }

  /** Adds a connection. @throws {ProtocolError} if there are too many. */
  open(control: ControlChannel, number: number): ControlConn {
    for (const [number, conn] of this.#conns) if (conn.closed) this.#conns.delete(number);
    if (this.#conns.size >= MAX_CARRIED) throw new ProtocolError("bad-message", "Too many streams are carried");
    const conn = new ControlConn(control, number);
    this.#conns.set(number, conn);
    return conn;
  }
}

/** Client: returns a tunnel through the control channel. More than one stream would not be faster. */
export function controlTunnel(control: ControlChannel): Tunnel {
  const carried = new Carried();
  let next = 0;
  // Messages for a closed connection were in transit.
  control.onMessage(["data", "taken"], (message) => void carried.accept(message));
  return { name: "the connection of the session itself", maxStreams: 1, open: () => carried.open(control, next++) };
}

/** Remote end: connects each new stream with the data port. */
export function carryStreams(control: ControlChannel, port: number): void {
  const carried = new Carried();
  let next = 0;
  control.onMessage(["data", "taken"], (message) => {
    if (carried.accept(message) || message.stream < next) return;
    if (message.type !== "data" || message.stream !== next) {
      throw new ProtocolError("bad-message", "Cannot carry a stream out of order");
    }
    const conn = carried.open(control, next++);
    conn.accept(message);
    void passOn(conn, port);
  });
}

async function passOn(conn: ControlConn, port: number): Promise<void> {
  try {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    const sending = pass(conn, socket).then(() => socket.closeWrite());
    sending.catch(() => {});
    await pass(socket, conn).catch(() => {});
    // A client that has closed the connection may have sent data before.
    if (conn.isEnded) await sending;
  } catch {
    // A broken connection: the client sees its end, and opens another.
  } finally {
    conn.close();
  }
}
