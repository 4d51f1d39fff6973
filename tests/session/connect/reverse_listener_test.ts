import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { FIRST_REVERSE_STREAM } from "../../../src/protocol/limits.ts";
import { formatPreamble } from "../../../src/protocol/data/preamble.ts";
import type { PortRange } from "../../../src/ssh/port_range.ts";
import { dialReverse, type ReverseDialLimits } from "../../../src/session/connect/reverse_dialer.ts";
import { ReverseListener } from "../../../src/session/connect/reverse_listener.ts";
import { StreamDialer } from "../../../src/session/connect/dial_streams.ts";
import type { AuthenticatedStream, Role } from "../../../src/session/model/session.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { offerHandshake } from "../../../src/session/connect/handshake.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { bytesUntilEnd } from "../bytes_until_end.ts";
import { fixedSecrets, PROOF_BYTES, SESSION_ID } from "../fixed_secrets.ts";
import { closeBoth, joined, listen } from "../joined_channels.ts";

const ENGINE = CIPHER_ENGINES.at(-1)!;
const HERE = [{ hostname: "127.0.0.1" }];
/** Any free port, because other tests may use the default ports. */
const ANY_PORT = { first: 0, last: 0 };

/** Starts both ends of a session whose remote end connects. Disposing closes everything. */
async function startBoth(
  options: Partial<ReverseDialLimits> & { places?: { hostname: string; port?: number }[]; ports?: PortRange } = {},
) {
  const secrets = await fixedSecrets();
  const channels = joined();
  const dialer = new StreamDialer(secrets, ENGINE, { as: "remote", first: FIRST_REVERSE_STREAM });
  const remote: AuthenticatedStream[] = [];
  const taker = Promise.withResolvers<(stream: AuthenticatedStream) => void>();
  dialReverse(channels.remote, dialer, taker.promise, { maxStreams: 10, ...options });
  const client = new ReverseListener(secrets, ENGINE, channels.client, {
    places: options.places ?? HERE,
    ports: options.ports ?? ANY_PORT,
  });
  const listening = [listen(channels.client), listen(channels.remote)];
  const conns: { close(): void }[] = [];
  return {
    secrets,
    client,
    remote,
    channels,
    listening,
    /** The remote end is ready for streams. */
    ready: () => taker.resolve((stream) => void remote.push(stream)),
    /** Opens the first stream. Returns the failures if there is none. */
    async first(patienceMs = 5_000) {
      const failures: string[] = [];
      const stream = await client.first({ connectMs: patienceMs, answerMs: patienceMs }, failures);
      if (stream) conns.push(stream.conn);
      return { stream, failures };
    },
    /** Connects to the port of the client as a stranger. */
    async connect() {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: client.port! });
      conns.push(conn);
      return conn;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      dialer.close();
      await closeBoth(channels.client, channels.remote);
      for (const conn of [...conns, ...remote.map(({ conn }) => conn)]) closeQuietly(conn);
      await Promise.all(listening);
      // Pending attempts end some turns later.
      for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

async function untilOpen(client: ReverseListener): Promise<void> {
  while (client.port === undefined) await new Promise((resolve) => setTimeout(resolve));
}

describe("ReverseListener", () => {
  it("opens streams that both ends can use", async () => {
    await using both = await startBoth();
    both.ready();
    assertEquals(both.client.roundTripMs, undefined);
    const { stream } = await both.first();
    assert(both.client.roundTripMs! > 0);
    const more = await Promise.all([both.client.again(), both.client.again()]);
    const numbers = [stream!, ...more].map(({ index }) => index - FIRST_REVERSE_STREAM).sort();
    assertEquals([numbers, both.client.address], [[0, 1, 2], "127.0.0.1 (which has connected to this machine)"]);
    // The remote end is the last to complete the handshake.
    while (both.remote.length < 3) await new Promise((resolve) => setTimeout(resolve));
    const there = new Map(both.remote.map((each) => [each.index, each]));
    for (const { index, conn, sendKey, receiveKey } of [stream!, ...more]) {
      const { conn: far, ...keys } = there.get(index)!;
      assertEquals([keys.receiveKey, keys.sendKey], [sendKey, receiveKey]);
      await far.write(new Uint8Array([7]));
      const byte = new Uint8Array(1);
      assertEquals([await conn.read(byte), byte[0]], [1, 7]);
      conn.close();
    }
  });

  it("opens streams while strangers are connected to its port", async () => {
    await using both = await startBoth();
    const first = both.first();
    await untilOpen(both.client);
    const strangers = await Promise.all(Array.from({ length: 300 }, () => both.connect()));
    for (const bytes of [randomBytes(500, "garbage"), formatPreamble(SESSION_ID, 0), new Uint8Array(PROOF_BYTES)]) {
      await (await both.connect()).write(bytes);
    }
    const prove = async (index: number, as: Role, transcript = "hello") =>
      offerHandshake(await both.connect(), index, await fixedSecrets({ transcript }), ENGINE, { as });
    await assertRejects(() => prove(FIRST_REVERSE_STREAM, "remote", "another"));
    // Bytes of the client from another connection must not be replayed to it, nor those of a tunnel.
    await assertRejects(() => prove(FIRST_REVERSE_STREAM, "client"));
    await assertRejects(() => prove(0, "remote"));
    const dropped = await Promise.race(strangers.map((conn) => bytesUntilEnd(conn)));
    assertEquals(dropped.length, 0);
    both.ready();
    assertEquals((await first).stream?.index, FIRST_REVERSE_STREAM);
    // A stream that was not requested is refused, even with the right keys.
    await assertRejects(() => prove(FIRST_REVERSE_STREAM + 9, "remote"));
  });

  it("names the failures, and then closes its port", async () => {
    await using both = await startBoth({ places: [{ hostname: "127.0.0.1", port: 1 }, { hostname: "::1", port: 1 }] });
    both.ready();
    const { stream, failures } = await both.first();
    assertEquals(stream, undefined);
    assertEquals(failures, ["127.0.0.1:1: Connection refused; [::1]:1: Connection refused"]);
    await assertRejects(() => both.connect());
    await assertRejects(() => both.client.again(), Error, "no longer needed");
  });

  it("tries the next address if one does not answer", async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using both = await startBoth({ places: [{ hostname: "127.0.0.1", port: silent.addr.port }, ...HERE] });
    both.ready();
    assertEquals((await both.first()).stream?.index, FIRST_REVERSE_STREAM + 1);
  });

  it("names the host that cannot reach this machine", async () => {
    await using both = await startBoth();
    assertEquals(both.client.messages.reason("far"), "far cannot reach a port of this machine");
  });

  it("names the requested ports to open", async () => {
    await using both = await startBoth({ ports: { first: 5000, last: 5003 } });
    assertEquals(both.client.messages.opening("far"), "Open TCP ports 5000-5003 of this machine for far");
  });

  it("does not wait forever for a remote end that does not answer", async () => {
    await using both = await startBoth();
    const { failures } = await both.first(1);
    assertEquals(failures, [`port ${both.client.port} of this machine: no answer`]);
  });
});

describe("dialReverse", () => {
  it("connects only to allowed addresses", async () => {
    for (
      const [only, tried] of [["127.0.0.1", undefined], [
        "192.0.2.1",
        "that host connects only to the address of its client",
      ], ["", "that host connects only to the address of its client"]] as const
    ) {
      await using both = await startBoth({ only });
      both.ready();
      const { stream, failures } = await both.first();
      assertEquals(stream === undefined, tried !== undefined);
      assert(failures.join().includes(tried ?? ""), failures.join());
    }
  });

  it("limits the number of requests", async () => {
    await using both = await startBoth({ maxStreams: 2 });
    for (let times = 0; times < 3; times++) both.channels.client.send({ type: "reach", places: [], patienceMs: 1 });
    const error = await both.listening[1];
    assert(error instanceof ProtocolError && error.code === "bad-message", String(error));
  });
});
