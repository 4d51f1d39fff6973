/** A TCP proxy on loopback that damages data connections. */

import type { RandomBytes } from "../../support/files/random_bytes.ts";
import { startTcpProxy, type TcpProxy } from "../../support/hosts/tcp_proxy.ts";

/** A fault of a connection after a number of bytes in one direction. */
export interface Fault {
  /** Number of connections with this fault, the first ones that reach the position. Default: 1. */
  times?: number;
  direction: "to server" | "to client";
  /** Number of bytes that pass before the fault. */
  after: number;
  /**
   * "cut" closes both ends, "half" closes this direction, "stall" stops this direction, "hold" stops it until `release`,
   * "flip" changes a bit.
   */
  kind: "cut" | "half" | "stall" | "hold" | "flip";
  /** Bit to flip. Default: 4. */
  bit?: number;
}

export interface FaultProxy extends TcpProxy {
  /** Number of faults so far. */
  readonly happened: number;
  /** Resolves with the first bytes of the first connection. */
  readonly first: Promise<Uint8Array>;
  /** Ends each "hold", also in the future. */
  release(): void;
}

type Close = (conn: Deno.TcpConn) => void;

interface PendingFault extends Fault {
  left: number;
}

const KINDS = ["cut", "half", "stall", "flip"] as const;

/** Returns up to six faults in the first 8 MiB of connections. */
export function randomFaults(random: RandomBytes): Fault[] {
  return Array.from({ length: random.below(7) }, (): Fault => ({
    direction: random.below(2) === 0 ? "to server" : "to client",
    // Most of them early, so that few copies finish before their faults.
    after: Math.floor((random.next() / 2 ** 32) ** 3 * (8 << 20)),
    kind: KINDS[random.below(KINDS.length)],
    times: 1 + random.below(2),
  }));
}

/** Listens on a free port and forwards to 127.0.0.1:upstream. */
export function startFaultProxy(upstream: number, faults: Fault[]): FaultProxy {
  const pending = faults.map((fault): PendingFault => ({ ...fault, left: fault.times ?? 1 }));
  const counts = { happened: 0 };
  const stalled = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const first = Promise.withResolvers<Uint8Array>();

  async function pass(from: Deno.TcpConn, to: Deno.TcpConn, mine: PendingFault[], close: Close): Promise<void> {
    const buffer = new Uint8Array(64 << 10);
    let passed = 0;
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        first.resolve(buffer.slice(0, read));
        const fault = mine.find((each) => each.left > 0 && passed <= each.after && each.after < passed + read!);
        let end = read;
        if (fault) {
          fault.left--;
          counts.happened++;
          if (fault.kind === "flip") buffer[fault.after - passed] ^= 1 << (fault.bit ?? 4);
          else end = fault.after - passed;
        }
        for (let at = 0; at < end;) at += await to.write(buffer.subarray(at, end));
        if (fault?.kind === "hold") {
          await held.promise;
          for (let at = end; at < read;) at += await to.write(buffer.subarray(at, read));
        }
        passed += read;
        if (fault?.kind === "stall") await stalled.promise;
        if (fault?.kind === "half") return await to.closeWrite();
        if (fault?.kind === "cut") {
          close(from);
          return close(to);
        }
      }
      return await to.closeWrite();
    } catch {
      // One end closed the connection.
    }
    close(from);
    close(to);
  }

  const of = (direction: Fault["direction"]) => pending.filter((fault) => fault.direction === direction);
  const proxy = startTcpProxy(upstream, {
    async passing(client, server, close) {
      await Promise.all([pass(client, server, of("to server"), close), pass(server, client, of("to client"), close)]);
    },
  });
  return {
    port: proxy.port,
    get connections() {
      return proxy.connections;
    },
    get happened() {
      return counts.happened;
    },
    first: first.promise,
    release: held.resolve,
    async [Symbol.asyncDispose]() {
      stalled.resolve();
      held.resolve();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
