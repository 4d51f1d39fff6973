import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatPreamble, PREAMBLE_BYTES } from "../../../src/protocol/data/preamble.ts";
import { StreamAcceptor } from "../../../src/session/connect/accept_streams.ts";
import type { AuthenticatedStream, SessionSecrets } from "../../../src/session/model/session.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { offerHandshake } from "../../../src/session/connect/handshake.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { bytesUntilEnd } from "../bytes_until_end.ts";
import { fixedSecrets, PROOF_BYTES, SESSION_ID } from "../fixed_secrets.ts";

const ENGINE = CIPHER_ENGINES.at(-1)!;

/** Starts a remote end that accepts streams. Disposing closes it, and every connection of `connect`. */
async function startAcceptor(room: number) {
  const secrets = await fixedSecrets();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const acceptor = new StreamAcceptor(listener);
  const taken: AuthenticatedStream[] = [];
  const running = acceptor.run(secrets, ENGINE, room, (stream) => taken.push(stream));
  const conns: Deno.TcpConn[] = [];
  const connect = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conns.push(conn);
    return conn;
  };
  const prove = async (index: number, as: SessionSecrets = secrets) =>
    await offerHandshake(await connect(), index, as, ENGINE);
  return {
    acceptor,
    taken,
    connect,
    prove,
    running,
    async [Symbol.asyncDispose]() {
      acceptor.close();
      for (const conn of [...conns, ...taken.map(({ conn }) => conn)]) closeQuietly(conn);
      await running;
      // The reads of dropped connections end one turn later.
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

/** Forwards a connection, and records the bytes of the client. */
async function recordProof(secrets: SessionSecrets): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [near, far] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  const refused = assertRejects(() => offerHandshake(near, 3, secrets, ENGINE));
  const bytes = new Uint8Array(PROOF_BYTES);
  for (let have = 0; have < PROOF_BYTES;) have += (await far.read(bytes.subarray(have)))!;
  far.close();
  await refused;
  return bytes;
}

/** Waits for a number of streams. The two ends complete a handshake one after the other. */
async function untilThere(streams: AuthenticatedStream[], count: number): Promise<void> {
  while (streams.length < count) await new Promise((resolve) => setTimeout(resolve));
}

describe("StreamAcceptor", () => {
  it("accepts the streams of its client in any order", async () => {
    await using remote = await startAcceptor(3);
    await Promise.all([2, 0, 7].map((index) => remote.prove(index)));
    await untilThere(remote.taken, 3);
    assertEquals(remote.taken.map(({ index }) => index).sort(), [0, 2, 7]);
  });

  it("accepts no more streams than agreed on", async () => {
    await using remote = await startAcceptor(2);
    await remote.prove(0);
    await remote.prove(1);
    await assertRejects(() => remote.prove(2));
    await untilThere(remote.taken, 2);
    assertEquals(remote.taken.length, 2);
  });

  it("accepts no number twice, so that replayed handshakes fail", async () => {
    await using remote = await startAcceptor(4);
    const secrets = await fixedSecrets();
    const proof = await recordProof(secrets);
    await remote.prove(3);
    for (let times = 0; times < 3; times++) {
      const replay = await remote.connect();
      await replay.write(proof);
      assertEquals((await bytesUntilEnd(replay)).length, 0);
    }
    await assertRejects(() => remote.prove(3));
    await remote.prove(4);
    await untilThere(remote.taken, 2);
    assertEquals(remote.taken.map(({ index }) => index), [3, 4]);
  });

  it("drops wrong keys, other sessions and garbage, and the session continues", async () => {
    await using remote = await startAcceptor(1);
    await assertRejects(async () => await remote.prove(0, await fixedSecrets({ transcript: "another" })));
    await assertRejects(async () => await remote.prove(0, await fixedSecrets({ id: "f".repeat(32) })));
    for (const bytes of [randomBytes(500, "garbage"), formatPreamble(SESSION_ID, 0), new Uint8Array(PROOF_BYTES)]) {
      const stranger = await remote.connect();
      await stranger.write(bytes);
      if (bytes.length > PREAMBLE_BYTES) assertEquals((await bytesUntilEnd(stranger)).length, 0);
      else stranger.close();
    }
    // No number and no room was used up.
    await remote.prove(0);
    await untilThere(remote.taken, 1);
    assertEquals(remote.taken.map(({ index }) => index), [0]);
  });

  it("accepts its client while strangers keep silent connections open", async () => {
    await using remote = await startAcceptor(2);
    for (let count = 0; count < 20; count++) await remote.connect();
    await remote.prove(0);
    await remote.prove(1);
    await untilThere(remote.taken, 2);
  });

  it("accepts its client after 300 simultaneous connections, of which it drops the oldest", async () => {
    await using remote = await startAcceptor(1);
    const strangers = await Promise.all(Array.from({ length: 300 }, () => remote.connect()));
    await remote.prove(0);
    await untilThere(remote.taken, 1);
    const dropped = await Promise.race(strangers.map((conn) => bytesUntilEnd(conn)));
    assertEquals(dropped.length, 0);
  });

  it("drops connections before their handshake when it is closed, and keeps the streams", async () => {
    await using remote = await startAcceptor(2);
    const { conn } = await remote.prove(0);
    const stranger = await remote.connect();
    await stranger.write(formatPreamble(SESSION_ID, 9).subarray(0, 10));
    // Now the stranger, which connected before, is accepted.
    await remote.prove(1);
    await untilThere(remote.taken, 2);
    remote.acceptor.close();
    remote.acceptor.close();
    await remote.running;
    assertEquals((await bytesUntilEnd(stranger)).length, 0);
    await remote.taken[0].conn.write(Uint8Array.of(42));
    const byte = new Uint8Array(1);
    assertEquals([await conn.read(byte), byte[0]], [1, 42]);
    await assertRejects(() => remote.connect());
    assert(remote.taken.length === 2);
  });
});
