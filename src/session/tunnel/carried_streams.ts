/** Both ends of the streams that the control channel carries. */

import { ProtocolError } from "../../errors.ts";
import { type CarriedMessage, ControlConn } from "./control_conn.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import { pass } from "./pass_stream.ts";
import type { Tunnel } from "../../net/tunnel.ts";

/** Connections that are carried at one time; the client opens one, and another in the place of one that broke. */
const MOST_CARRIED = 8;

/** Those of a session, by their numbers, which count up from 0 and are never used twice. */
class Carried {
  readonly #conns = new Map<number, ControlConn>();

  /** Hands a message to its connection. @returns whether there is one. */
  accept(message: CarriedMessage): boolean {
    const conn = this.#conns.get(message.stream);
    conn?.accept(message);
    return conn !== undefined;
  }

  /** @throws {ProtocolError} for one too many. */
  open(control: ControlChannel, number: number): ControlConn {
    for (const [number, conn] of this.#conns) if (conn.closed) this.#conns.delete(number);
    if (this.#conns.size >= MOST_CARRIED) throw new ProtocolError("bad-message", "Too many streams are carried");
    const conn = new ControlConn(control, number);
    this.#conns.set(number, conn);
    return conn;
  }
}

/** Client: a tunnel through the control channel. One stream has all of it; more would share it. */
export function controlTunnel(control: ControlChannel): Tunnel {
  const carried = new Carried();
  let next = 0;
  // What comes for a connection that is closed here was on its way.
  control.onMessage(["data", "taken"], (message) => void carried.accept(message));
  return { name: "the connection of the session itself", maxStreams: 1, open: () => carried.open(control, next++) };
}

/** Remote end: passes what comes for a new connection on to the data port. */
export function carryStreams(control: ControlChannel, port: number): void {
  const carried = new Carried();
  let next = 0;
  control.onMessage(["data", "taken"], (message) => {
    if (carried.accept(message) || message.stream < next) return;
    if (message.type !== "data" || message.stream !== next) {
      throw new ProtocolError("bad-message", "Cannot carry a stream out of turn");
    }
    const conn = carried.open(control, next++);
    conn.accept(message);
    void passOn(conn, port);
  });
}

async function passOn(conn: ControlConn, port: number): Promise<void> {
  try {
    using place = await Deno.connect({ hostname: "127.0.0.1", port });
    place.setNoDelay(true);
    const there = pass(conn, place).then(() => place.closeWrite());
    there.catch(() => {});
    await pass(place, conn).catch(() => {});
    // A client that has left may have said something before.
    if (conn.left) await there;
  } catch {
    // A broken connection: the client sees its end, and opens another.
  } finally {
    conn.close();
  }
}
