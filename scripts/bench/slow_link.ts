/**
 * A TCP proxy on loopback that simulates a network: a round-trip time, a rate that all connections share, and a window per
 * connection. It replaces netem(8), which some kernels lack.
 */

import { delay } from "@std/async/delay";
import { Condition } from "../../src/async/condition.ts";
import { startTcpProxy, type TcpProxy } from "../../tests/support/hosts/tcp_proxy.ts";

/** Properties of a network. The two directions are independent. */
export interface LinkShape {
  /** Round-trip time in milliseconds; 0: none. */
  roundTripMs: number;
  /** Bytes per second in one direction, for all connections together; 0: unlimited. */
  bytesPerSecond: number;
}

/** Maximum number of unacknowledged bytes of a connection: the default of Linux (tcp_wmem). */
const WINDOW_BYTES = 4 << 20;
/** Size of a read. Large, because the cost per read limits a proxy in JavaScript. */
const CHUNK_BYTES = 256 << 10;

/** Computes when bytes leave a queue that all connections of one direction share. */
class Rate {
  readonly #bytesPerMs: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Returns when these bytes have left the queue. Times are in milliseconds. */
  leaveAt(bytes: number, now: number): number {
    if (this.#bytesPerMs === 0) return now;
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / this.#bytesPerMs;
    return this.#freeAt;
  }
}

/** Listens on a free port of 127.0.0.1 and forwards to another port in both directions. */
export function startSlowLink(upstream: number, shape: LinkShape): TcpProxy {
  const [up, down] = [new Rate(shape.bytesPerSecond), new Rate(shape.bytesPerSecond)];
  const oneWayMs = shape.roundTripMs / 2;
  return startTcpProxy(upstream, {
    // Opening a connection takes one round trip.
    opening: () => delay(shape.roundTripMs),
    async passing(client, server) {
      client.setNoDelay();
      server.setNoDelay();
      await Promise.all([pass(client, server, up, oneWayMs), pass(server, client, down, oneWayMs)]);
    },
  });
}

/** Forwards one direction of one connection until its end. */
async function pass(from: Deno.TcpConn, to: Deno.TcpConn, rate: Rate, oneWayMs: number): Promise<void> {
  const queue: { bytes: Uint8Array; arrivesAt: number }[] = [];
  const state = { unconfirmed: 0, ended: false, failed: false };
  const changed = new Condition();

  async function take(): Promise<void> {
    for (;;) {
      while (state.unconfirmed >= WINDOW_BYTES && !state.failed) await changed.wait();
      if (state.failed) return;
      const bytes = new Uint8Array(CHUNK_BYTES);
      const read = await from.read(bytes);
      if (read === null) break;
      state.unconfirmed += read;
      const arrivesAt = rate.leaveAt(read, performance.now()) + oneWayMs;
      queue.push({ bytes: bytes.subarray(0, read), arrivesAt });
      changed.notifyAll();
    }
    state.ended = true;
    changed.notifyAll();
  }

  async function deliver(): Promise<void> {
    for (;;) {
      while (queue.length === 0) {
        if (state.ended) return await to.closeWrite();
        await changed.wait();
      }
      const { bytes, arrivesAt } = queue.shift()!;
      const earlyMs = arrivesAt - performance.now();
      if (earlyMs > 0) await delay(earlyMs);
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      const confirm = () => {
        state.unconfirmed -= bytes.length;
        changed.notifyAll();
      };
      if (oneWayMs > 0) setTimeout(confirm, oneWayMs);
      else confirm();
    }
  }

  const fail = (error: unknown) => {
    state.failed = state.ended = true;
    changed.notifyAll();
    throw error;
  };
  await Promise.all([take().catch(fail), deliver().catch(fail)]);
}
