import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MAX_FIRST_LINE_BYTES } from "../../../src/protocol/serve/first_line.ts";
import { ServerPeer } from "../../../src/serve/client/peer.ts";
import { readLine } from "../../../src/serve/read_line.ts";
import { startFakeServer } from "./fake_server.ts";

describe("the turn of a server in a login", () => {
  it("begins when the first line was sent, and is over after a failed login", async () => {
    const received = Promise.withResolvers<void>();
    await using server = startFakeServer(async (conn) => {
      await readLine(conn, MAX_FIRST_LINE_BYTES);
      received.resolve();
      await conn.read(new Uint8Array(1));
    });
    const peer = new ServerPeer(server, {
      name: "server",
      trust: () => Promise.resolve(undefined),
      provers: () => Promise.resolve([]),
      timeoutMs: 30_000,
    });
    let isTurn = false;
    const turn = peer.turnOfServer().then(() => isTurn = true);
    // Connecting takes a turn of the event loop.
    for (let step = 0; step < 10; step++) await Promise.resolve();
    assertEquals(isTurn, false);
    await Promise.all([turn, received.promise]);
    peer.kill();
    await peer.turnOfServer();
    assertEquals((await peer.status).code, 255);
  });
});
