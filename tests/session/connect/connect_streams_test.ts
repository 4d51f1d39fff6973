import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { startSlowLink } from "../../../scripts/bench/slow_link.ts";
import { StartError } from "../../../src/errors.ts";
import { StreamAcceptor } from "../../../src/session/connect/accept_streams.ts";
import { StreamConnector } from "../../../src/session/connect/connect_streams.ts";
import { type Candidate, StreamDialer } from "../../../src/session/connect/dial_streams.ts";
import { dialPath } from "../../../src/session/connect/direct_path.ts";
import type { TunnelConn, TunnelUse } from "../../../src/net/tunnel.ts";
import type { AuthenticatedStream } from "../../../src/session/model/session.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { fixedCount, streamsForRtt, USUAL_STREAMS } from "../../../src/session/model/stream_count.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { startTcpProxy } from "../../support/hosts/tcp_proxy.ts";
import { fixedSecrets } from "../fixed_secrets.ts";

const ENGINE = CIPHER_ENGINES.at(-1)!;
const hostname = "127.0.0.1";
const portOf = (listener: Deno.TcpListener) => (listener.addr as Deno.NetAddr).port;

/** Returns an address on which no process listens. */
function refusing(): Candidate {
  using listener = Deno.listen({ hostname, port: 0 });
  return { hostname, port: portOf(listener) };
}

/** Starts both ends, and addresses that are not the remote end. Disposing closes everything. */
async function startBoth(room: number) {
  const secrets = await fixedSecrets();
  const listener = Deno.listen({ hostname, port: 0 });
  const others: Deno.TcpListener[] = [];
  const acceptor = new StreamAcceptor(listener);
  const remote: AuthenticatedStream[] = [];
  const running = acceptor.run(secrets, ENGINE, room, (stream) => remote.push(stream));
  const dialers: StreamDialer[] = [];
  const connectors: StreamConnector[] = [];
  const connectorTo = (places: Candidate[], tunnels?: TunnelUse, host?: string): StreamConnector => {
    const dialer = new StreamDialer(secrets, ENGINE, { as: "client", first: 0 });
    const connector = new StreamConnector(dialer, dialPath(dialer, places, { port: places[0]?.port }), {
      tunnels,
      host,
      isProxied: () => Promise.resolve(false),
    });
    dialers.push(dialer);
    connectors.push(connector);
    return connector;
  };
  const client: AuthenticatedStream[] = [];
  const open = (): Deno.TcpListener => {
    const other = Deno.listen({ hostname, port: 0 });
    others.push(other);
    return other;
  };
  return {
    connectorTo,
    /** Connects with the connector of the test. The first call sets its addresses. */
    async connect(places: Candidate[], count: number) {
      const connector = connectors[0] ?? connectorTo(places);
      await connector.connect(fixedCount(count), this.take);
      await connector.settled();
    },
    get chosen() {
      return dialers[0].chosen;
    },
    client,
    remote,
    place: { hostname, port: portOf(listener) } as Candidate,
    take: (stream: AuthenticatedStream) => void client.push(stream),
    /** An address where the connection is accepted and no data is ever sent. */
    silent: (): Candidate => ({ hostname, port: portOf(open()) }),
    /** An address of another service. */
    foreign(): Candidate {
      const other = open();
      other.accept().then(async (conn) => {
        await conn.write(new TextEncoder().encode("220 mail.example ESMTP, who are you?\r\n"));
        conn.close();
      }).catch(() => {});
      return { hostname, port: portOf(other) };
    },
    async [Symbol.asyncDispose]() {
      connectors.forEach((connector) => connector.close());
      acceptor.close();
      for (const { conn } of [...client, ...remote]) closeQuietly(conn);
      others.forEach(closeQuietly);
      await running;
      // Pending attempts end some turns later.
      for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

type Both = Awaited<ReturnType<typeof startBoth>>;

/** Waits for a number of streams. The two ends complete a handshake one after the other. */
async function untilThere(streams: AuthenticatedStream[], count: number): Promise<void> {
  while (streams.length < count) await new Promise((resolve) => setTimeout(resolve));
}

describe("StreamConnector", () => {
  it("opens the requested number of streams, each with its own number", async () => {
    await using both = await startBoth(4);
    await both.connect([both.place], 4);
    assertEquals(both.client.map(({ index }) => index).sort(), [0, 1, 2, 3]);
    await untilThere(both.remote, 4);
    assertEquals(both.remote.map(({ index }) => index).sort(), [0, 1, 2, 3]);
    assertEquals(both.chosen, both.place);
  });

  it("opens no stream if none is requested", async () => {
    await using both = await startBoth(1);
    await both.connect([], 0);
    assertEquals([both.client.length, both.chosen], [0, undefined]);
  });

  it("tries the next address if one refuses", async () => {
    await using both = await startBoth(2);
    await both.connect([refusing(), refusing(), both.place], 2);
    assertEquals([both.client.length, both.chosen], [2, both.place]);
  });

  it("does not wait for an address that never answers", async () => {
    await using both = await startBoth(1);
    const began = performance.now();
    await both.connect([both.silent(), both.place], 1);
    assertEquals([both.client.length, both.chosen], [1, both.place]);
    assert(performance.now() - began < 10_000, "it waited for the first place");
  });

  it("tries the next address if another service listens", async () => {
    await using both = await startBoth(1);
    await both.connect([both.foreign(), both.place], 1);
    assertEquals(both.chosen, both.place);
  });

  it("lists the result of each address", async () => {
    await using both = await startBoth(1);
    const [closed, later] = [refusing(), both.silent()];
    const connector = both.connectorTo([closed, both.place, later]);
    await connector.connect(fixedCount(1), both.take);
    assertEquals(connector.attempts, [
      { way: `${hostname}:${closed.port}`, problem: "Connection refused" },
      { way: `${hostname}:${both.place.port}` },
      { way: `${hostname}:${later.port}`, problem: "not needed" },
    ]);
  });

  it("opens further streams to the address of the first, with new numbers", async () => {
    await using both = await startBoth(3);
    await both.connect([refusing(), both.place], 1);
    await both.connect([], 2);
    const numbers = both.client.map(({ index }) => index);
    assertEquals([numbers.length, new Set(numbers).size], [3, 3]);
  });

  it("works with fewer streams than requested", async () => {
    await using both = await startBoth(2);
    await both.connect([both.place], 5);
    assertEquals(both.client.length, 2);
  });

  it("opens more streams over a long route, and measures its round trip", async () => {
    await using both = await startBoth(40);
    await using link = startSlowLink(both.place.port, { roundTripMs: 30, bytesPerSecond: 0 });
    const connector = both.connectorTo([{ hostname, port: link.port }]);
    const opened = await connector.connect({ min: 2, max: 40 }, both.take);
    await connector.settled();
    // The delay of the link is a minimum: at least eight times 4 ms.
    assert(connector.roundTripMs! >= 30 && opened >= 8, `${opened} over ${connector.roundTripMs} ms`);
    assertEquals([both.client.length, link.connections], [opened, opened]);
  });

  it("waits for the answer of a busy host if there is no other route", async () => {
    await using both = await startBoth(1);
    await using link = startSlowLink(both.place.port, { roundTripMs: 1_800, bytesPerSecond: 0 });
    const connector = both.connectorTo([{ hostname, port: link.port }], undefined, "host");
    assertEquals(await connector.connect(fixedCount(1), both.take), 1);
  });

  it("never exceeds the maximum number of streams", async () => {
    await using both = await startBoth(40);
    await using link = startSlowLink(both.place.port, { roundTripMs: 30, bytesPerSecond: 0 });
    const connector = both.connectorTo([{ hostname, port: link.port }]);
    assertEquals(await connector.connect({ min: 1, max: 3 }, both.take), 3);
    await connector.settled();
    assertEquals(both.client.length, 3);
  });

  it("opens no streams after it is closed", async () => {
    await using both = await startBoth(40);
    await using link = startSlowLink(both.place.port, { roundTripMs: 30, bytesPerSecond: 0 });
    const connector = both.connectorTo([{ hostname, port: link.port }]);
    await connector.connect({ min: 2, max: 40 }, (stream) => {
      both.take(stream);
      connector.close();
    });
    await connector.settled();
    assertEquals([both.client.length, link.connections], [1, 1]);
  });

  it("opens the minimum over a short route", async () => {
    await using both = await startBoth(40);
    const connector = both.connectorTo([both.place]);
    const opened = await connector.connect(USUAL_STREAMS, both.take);
    await connector.settled();
    assertEquals(both.client.length, opened);
    // A busy machine may not answer in time.
    if (connector.roundTripMs! <= 16) assertEquals(opened, 4);
  });

  it("does not take one late answer for a long route", async () => {
    await using both = await startBoth(40);
    // Long enough that the other answers are earlier also on a busy machine. Half of it counts as the round trip.
    const lateMs = 1_000;
    const late = { ms: lateMs };
    const opening = async () => {
      await new Promise((resolve) => setTimeout(resolve, late.ms));
      late.ms = 0;
    };
    const passing = async (client: Deno.TcpConn, server: Deno.TcpConn) => {
      const pass = async (from: Deno.TcpConn, to: Deno.TcpConn) => {
        const buffer = new Uint8Array(1024);
        for (let read; (read = await from.read(buffer));) await to.write(buffer.subarray(0, read));
      };
      await Promise.all([pass(client, server), pass(server, client)]);
    };
    await using proxy = startTcpProxy(both.place.port, { opening, passing });
    const connector = both.connectorTo([{ hostname, port: proxy.port }]);
    const count = { min: 4, max: 40 };
    const opened = await connector.connect(count, both.take);
    await connector.settled();
    assert(connector.roundTripMs! < lateMs / 2, `${connector.roundTripMs} ms`);
    assertEquals(both.client.length, opened);
    assert(opened < streamsForRtt(lateMs / 2, count), `${opened} streams`);
  });

  it("names the addresses if none works", async () => {
    await using both = await startBoth(1);
    const places = [refusing(), both.foreign(), { hostname: "::1", port: refusing().port }];
    both.connectorTo(places, undefined, "far");
    const error = await assertRejects(() => both.connect(places, 2), StartError);
    for (const { hostname, port } of places) {
      assertStringIncludes(error.message, hostname === "::1" ? `[::1]:${port}: ` : `${hostname}:${port}: `);
    }
    assertStringIncludes(error.hint, "1232-1242");
    assertEquals(error.host, "far");
    assertEquals(both.client.length, 0);
  });

  it("reports that there is no address to try", async () => {
    await using both = await startBoth(1);
    const error = await assertRejects(() => both.connect([], 1), StartError);
    assertStringIncludes(error.message, "no address");
  });

  describe("with tunnels", () => {
    /** Returns tunnels to these addresses, and the recorded calls. */
    function tunnelsTo(places: Candidate[], always = false) {
      const told: string[] = [];
      const connect = (place: Candidate): TunnelConn => {
        const opening = Deno.connect(place);
        // The next read or write reports it, perhaps later.
        opening.catch(() => {});
        const ended = Promise.withResolvers<void>();
        const close = () => {
          opening.then(closeQuietly, () => {});
          ended.resolve();
        };
        return {
          read: async (buffer) => (await opening).read(buffer),
          write: async (bytes) => (await opening).write(bytes),
          close,
          kill: close,
          ended: ended.promise,
          failureText: () => Promise.resolve("it is closed, too"),
        };
      };
      const use: TunnelUse = {
        advice: "let it work",
        always,
        find: (failed) => {
          const place = places[failed.length];
          return Promise.resolve(
            place && { name: `tunnel ${failed.length}`, maxStreams: 2, open: () => connect(place) },
          );
        },
        onUsed: ({ name }, failures) => void told.push(name, ...failures),
      };
      return { use, told };
    }

    async function connect(places: Candidate[], use: TunnelUse, both: Both, count = 4): Promise<StreamConnector> {
      const connector = both.connectorTo(places, use);
      await connector.connect(fixedCount(count), both.take);
      await connector.settled();
      return connector;
    }

    it("does not use tunnels if there is a direct route", async () => {
      await using both = await startBoth(4);
      const { use, told } = tunnelsTo([refusing()]);
      const connector = await connect([both.place], use, both);
      assertEquals([both.client.length, connector.tunnel, told], [4, undefined, []]);
    });

    it("uses the first working tunnel at once if all addresses refuse, and names the failures", async () => {
      await using both = await startBoth(4);
      const { use, told } = tunnelsTo([refusing(), both.place]);
      const began = performance.now();
      const nowhere = refusing();
      const connector = await connect([nowhere], use, both);
      assert(performance.now() - began < 3_000, "it waited");
      assertEquals(told, [
        "tunnel 1",
        `127.0.0.1:${nowhere.port}: Connection refused`,
        "tunnel 0: it is closed, too",
      ]);
      assertEquals([connector.tunnel?.name, connector.address], ["tunnel 1", "ssh (tunnel 1)"]);
      // The limit of the tunnel.
      assertEquals(both.client.length, 2);
      for (const { conn } of both.client) conn.close();
      await connector.gone();
    });

    it("opens further streams through the same tunnel", async () => {
      await using both = await startBoth(4);
      const { use, told } = tunnelsTo([both.place], true);
      const connector = await connect([refusing()], use, both, 1);
      await connector.connect(fixedCount(1), both.take);
      assertEquals([both.client.map(({ index }) => index), told], [[0, 1], []]);
    });

    it("names the failure of each route if none works", async () => {
      await using both = await startBoth(4);
      const { use } = tunnelsTo([refusing()]);
      const error = await assertRejects(() => connect([refusing()], use, both), StartError);
      assertStringIncludes(error.message, "Connection refused; tunnel 0: it is closed, too)");
      assertMatch(error.hint!, /^Open TCP ports .* for this machine, or let it work$/);
    });
  });
});
