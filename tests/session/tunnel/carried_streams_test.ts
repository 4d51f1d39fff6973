import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { CARRIED_BYTES, CARRIED_WINDOW_BYTES } from "../../../src/protocol/limits.ts";
import type { Message } from "../../../src/protocol/control/messages.ts";
import { carryStreams, controlTunnel } from "../../../src/session/tunnel/carried_streams.ts";
import { ControlLost } from "../../../src/session/model/control_errors.ts";
import { bytesUntilEnd } from "../bytes_until_end.ts";
import { closeBoth, joined, listen } from "../joined_channels.ts";

/** Listens on a data port. Returns its connections. */
function openPort() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { port: listener.addr.port, accept: () => listener.accept(), [Symbol.dispose]: () => listener.close() };
}

/** Returns a port on which no process listens. */
function closedPort(): number {
  using place = openPort();
  return place.port;
}

async function writeAll(conn: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

describe("a stream that the control channel carries", () => {
  for (const size of [1, CARRIED_BYTES, CARRIED_BYTES + 1, 2 * CARRIED_WINDOW_BYTES + 1]) {
    it(`carries ${size} bytes in both directions`, async () => {
      using place = openPort();
      const { client, remote } = joined();
      carryStreams(remote, place.port);
      const conn = controlTunnel(client).open();
      const listening = [listen(client), listen(remote)];
      const sent = new Uint8Array(size).map((_, at) => at % 251);
      const sending = writeAll(conn, sent);
      using far = await place.accept();
      const echo = far.readable.pipeTo(far.writable).catch(() => {});
      const received = new Uint8Array(size);
      for (let have = 0; have < size;) have += (await conn.read(received.subarray(have)))!;
      await sending;
      assert(received.every((byte, at) => byte === sent[at]));
      conn.close();
      await echo;
      await closeBoth(client, remote);
      await Promise.all(listening);
    });
  }

  it("sends no more than the window of the peer", async () => {
    const sent: Message[] = [];
    const { client, remote } = joined();
    remote.onMessage(["data", "taken"], (message) => void sent.push(message));
    const listening = [listen(client), listen(remote)];
    const conn = controlTunnel(client).open();
    let written = 0;
    const writing = (async () => {
      for (;;) written += await conn.write(new Uint8Array(1 << 20));
    })();
    writing.catch(() => {});
    while (sent.length < Math.ceil(CARRIED_WINDOW_BYTES / CARRIED_BYTES)) await new Promise((go) => setTimeout(go));
    assertEquals(written, CARRIED_WINDOW_BYTES);
    remote.send({ type: "taken", stream: 0, count: 5 });
    while (written === CARRIED_WINDOW_BYTES) await new Promise((go) => setTimeout(go));
    assertEquals(written, CARRIED_WINDOW_BYTES + 5);
    conn.close();
    await assertRejects(() => writing, Deno.errors.BadResource);
    await closeBoth(client, remote);
    await Promise.all(listening);
  });

  it("ends on both ends after all data that was sent before", async () => {
    using place = openPort();
    const { client, remote } = joined();
    carryStreams(remote, place.port);
    const tunnel = controlTunnel(client);
    const listening = [listen(client), listen(remote)];
    const [first, second] = [tunnel.open(), tunnel.open()];
    await first.write(new Uint8Array([1, 2, 3]));
    first.close();
    const far = await place.accept();
    assertEquals(await bytesUntilEnd(far), new Uint8Array([1, 2, 3]));
    far.close();
    await second.write(new Uint8Array([4]));
    const other = await place.accept();
    await other.write(new Uint8Array([5, 6]));
    other.close();
    const answer = new Uint8Array(9);
    assertEquals([await second.read(answer), answer[0], answer[1]], [2, 5, 6]);
    assertEquals(await second.read(answer), null);
    await assertRejects(() => second.write(new Uint8Array(1)), Deno.errors.BrokenPipe);
    second.close();
    await assertRejects(() => second.read(answer), Deno.errors.BadResource);
    await closeBoth(client, remote);
    for (const error of await Promise.all(listening)) assert(error instanceof ControlLost, String(error));
  });

  it("ends at once if the data port refuses it", async () => {
    const { client, remote } = joined();
    carryStreams(remote, closedPort());
    const conn = controlTunnel(client).open();
    const listening = [listen(client), listen(remote)];
    await conn.write(new Uint8Array(9));
    assertEquals(await conn.read(new Uint8Array(9)), null);
    conn.close();
    await closeBoth(client, remote);
    await Promise.all(listening);
  });

  const piece = { type: "data", stream: 0, bytes: new Uint8Array(CARRIED_BYTES) } as const;
  const HOSTILE: [string, Message[]][] = [
    ["more than was allowed", Array(Math.ceil(CARRIED_WINDOW_BYTES / CARRIED_BYTES) + 1).fill(piece)],
    ["a stream out of order", [{ ...piece, stream: 1 }]],
    ["an acknowledgment of bytes that were not sent", [piece, { type: "taken", stream: 0, count: 1 }]],
    ["an acknowledgment of an unknown stream", [{ type: "taken", stream: 0, count: 1 }]],
    ["too many streams at a time", Array.from({ length: 9 }, (_, stream) => ({ ...piece, stream }))],
  ];
  for (const [what, messages] of HOSTILE) {
    it(`is refused for a client that sends ${what}`, async () => {
      const port = closedPort();
      const { client, remote } = joined();
      carryStreams(remote, port);
      const listening = listen(remote);
      for (const message of messages) client.send(message);
      const error = await listening;
      assert(error instanceof ProtocolError && error.code === "bad-message", String(error));
      remote.abandon();
      client.abandon();
      // Earlier calls have failed when this one has.
      await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
    });
  }
});
