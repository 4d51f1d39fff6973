/**
 * A TCP proxy on loopback that is as slow as a network: with a way that takes its time, a rate that all connections share,
 * and a window for each of them. It stands in for netem(8), which not every kernel has.
 */

import { startTcpProxy, type TcpProxy } from "../../tests/support/tcp_proxy.ts";

/** What a network is like. The two directions do not disturb each other. */
export interface LinkShape {
  /** Time for the way there and back, in milliseconds; 0: none. */
  roundTripMs: number;
  /** Bytes a second in one direction, of all connections together; 0: as many as there are. */
  bytesPerSecond: number;
}

/** Unconfirmed bytes of one connection: the most that Linux gives to a socket unless it is told to (tcp_wmem). */
const WINDOW_BYTES = 4 << 20;
/** Large, as what each of them costs a proxy in JavaScript would be its limit. */
const CHUNK_BYTES = 256 << 10;

/** When bytes that enter now have left, where everybody has to queue. Shared by the connections of one direction. */
class Rate {
  readonly #bytesPerMs: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  leaveAt(bytes: number, now: number): number {
    if (this.#bytesPerMs === 0) return now;
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / this.#bytesPerMs;
    return this.#freeAt;
  }
}

/** Listens on a free port of 127.0.0.1 and passes everything on to another one there, both ways. */
export function startSlowLink(upstream: number, shape: LinkShape): TcpProxy {
  const [up, down] = [new Rate(shape.bytesPerSecond), new Rate(shape.bytesPerSecond)];
  const wayMs = shape.roundTripMs / 2;
  return startTcpProxy(upstream, {
    // The first of the packets that open a connection goes there and back before anything else does.
    opening: () => sleep(shape.roundTripMs),
    async passing(client, server) {
      client.setNoDelay();
      server.setNoDelay();
      await Promise.all([pass(client, server, up, wayMs), pass(server, client, down, wayMs)]);
    },
  });
}

/** One direction of one connection, until its end. */
async function pass(from: Deno.TcpConn, to: Deno.TcpConn, rate: Rate, wayMs: number): Promise<void> {
  const queue: { bytes: Uint8Array; arrivesAt: number }[] = [];
  const state = { unconfirmed: 0, ended: false, failed: false };
  let changed = Promise.withResolvers<void>();
  const announce = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  async function take(): Promise<void> {
    for (;;) {
      while (state.unconfirmed >= WINDOW_BYTES && !state.failed) await changed.promise;
      if (state.failed) return;
      const bytes = new Uint8Array(CHUNK_BYTES);
      const read = await from.read(bytes);
      if (read === null) break;
      state.unconfirmed += read;
      const arrivesAt = rate.leaveAt(read, performance.now()) + wayMs;
      queue.push({ bytes: bytes.subarray(0, read), arrivesAt });
      announce();
    }
    state.ended = true;
    announce();
  }

  async function deliver(): Promise<void> {
    for (;;) {
      while (queue.length === 0) {
        if (state.ended) return await to.closeWrite();
        await changed.promise;
      }
      const { bytes, arrivesAt } = queue.shift()!;
      await sleep(arrivesAt - performance.now());
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      const confirm = () => {
        state.unconfirmed -= bytes.length;
        announce();
      };
      if (wayMs > 0) setTimeout(confirm, wayMs);
      else confirm();
    }
  }

  const fail = (error: unknown) => {
    state.failed = state.ended = true;
    announce();
    throw error;
  };
  await Promise.all([take().catch(fail), deliver().catch(fail)]);
}

async function sleep(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
