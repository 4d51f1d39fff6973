/** A TCP proxy on loopback that damages what goes through it, for tests of data connections. */

import { startTcpProxy, type TcpProxy } from "../support/tcp_proxy.ts";

/** What happens to a connection, once so many bytes have gone one way. */
export interface Fault {
  /** How many connections it happens to, the first that come so far; default 1. */
  times?: number;
  direction: "to server" | "to client";
  /** Bytes that still go through unharmed. */
  after: number;
  /** cut: both sides are closed; half: this way alone; stall: nothing more goes this way; flip: one bit is changed. */
  kind: "cut" | "half" | "stall" | "flip";
  /** Which one, for flip; default 4. */
  bit?: number;
}

export interface FaultProxy extends TcpProxy {
  /** Faults that have happened. */
  readonly happened: number;
  /** What the first connection has brought first. */
  readonly first: Promise<Uint8Array>;
}

type Close = (conn: Deno.TcpConn) => void;

interface PendingFault extends Fault {
  left: number;
}

/** Listens on a free port and passes everything on to 127.0.0.1:upstream. */
export function startFaultProxy(upstream: number, faults: Fault[]): FaultProxy {
  const pending = faults.map((fault): PendingFault => ({ ...fault, left: fault.times ?? 1 }));
  const counts = { happened: 0 };
  const stalled = Promise.withResolvers<void>();
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
      // A side has gone.
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
    async [Symbol.asyncDispose]() {
      stalled.resolve();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
