import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { ClientSession } from "../../../src/session/model/client_session.ts";
import type { AuthenticatedStream } from "../../../src/session/model/session.ts";
import { fixedCount } from "../../../src/session/model/stream_count.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { openMachine } from "../../../src/transfer/machine.ts";
import { RelayStreams } from "../../../src/transfer/relay/streams.ts";
import { TransferLost } from "../../../src/transfer/transfer_errors.ts";

/** A host with one connection, which `leave` closes. */
async function startHost() {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [conn, far] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  const key = (byte: number) => ({
    cipher: "aes-128-gcm" as const,
    key: new Uint8Array(16).fill(byte),
    salt: new Uint8Array(4),
  });
  const streams: AuthenticatedStream[] = [{ index: 0, conn, sendKey: key(1), receiveKey: key(2) }];
  const session: Pick<ClientSession, "bringUp" | "settled" | "close" | "maxStreams" | "roundTripMs"> = {
    bringUp(count, take) {
      const stream = streams.shift();
      if (!stream) return Promise.reject(new Error("there is no other"));
      take(stream);
      return Promise.resolve(count.max);
    },
    settled: () => Promise.resolve(),
    close() {},
    maxStreams: 1,
    roundTripMs: 0,
  };
  return {
    session: session as ClientSession,
    leave: () => far.close(),
    [Symbol.dispose]() {
      closeQuietly(far);
      closeQuietly(conn);
    },
  };
}

describe("a pair of a relay whose host closes its connection", () => {
  for (const side of ["source", "target"] as const) {
    for (const finishing of [false, true]) {
      it(`is ${finishing ? "no loss after the sender has finished" : "a loss before the sender has finished"}: ${side}`, async () => {
        using from = await startHost();
        using to = await startHost();
        const options = {
          machine: await openMachine("portable", 0),
          count: fixedCount(1),
          blockBytes: 1 << 20,
          timeoutMs: 60_000,
        };
        const host = { written() {}, relayed() {}, finishing: () => finishing };
        const streamGroup = new RelayStreams(from.session, to.session, options, host);
        await streamGroup.bringUp();
        (side === "source" ? from : to).leave();
        if (finishing) await streamGroup.run();
        else await assertRejects(() => streamGroup.run(), TransferLost, "all data connections broke");
        assertEquals(streamGroup.losses.broken, finishing ? 0 : 1);
        await streamGroup.close();
      });
    }
  }
});
