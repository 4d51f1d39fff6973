/** A transport and a cipher that measure their synchronous calls. Waiting for a connection is not measured. */

import type { Cipher, CipherEngine, DirectionKey } from "../../../src/crypto/cipher.ts";
import { RawSocket } from "../../../src/native/net/sockets.ts";
import type { Transport } from "../../../src/net/transport.ts";
import type { ThreadClock } from "./thread_clock.ts";

/** Returns a transport on a connected socket, which it owns. */
export function timedTransport(descriptor: number, clock: ThreadClock): Transport {
  const socket = new RawSocket(descriptor);
  return {
    read: (...values) => clock.time("receive", () => socket.read(...values)),
    write: (...values) => clock.time("send", () => socket.write(...values)),
    close: () => socket.close(),
  };
}

/** Returns a cipher engine that measures `seal` and `open`. */
export function timedCiphers(engine: CipherEngine, clock: ThreadClock): CipherEngine {
  return {
    ...engine,
    async create(key: DirectionKey): Promise<Cipher> {
      const cipher = await engine.create(key);
      return {
        seal: (...values) => clock.time("encrypt", () => cipher.seal(...values)),
        open: (...values) => clock.time("decrypt", () => cipher.open(...values)),
        close: () => cipher.close(),
      };
    },
  };
}
