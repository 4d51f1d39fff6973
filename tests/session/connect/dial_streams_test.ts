import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CipherEngine } from "../../../src/crypto/cipher.ts";
import { StreamAcceptor } from "../../../src/session/connect/accept_streams.ts";
import { StreamDialer } from "../../../src/session/connect/dial_streams.ts";
import type { AuthenticatedStream } from "../../../src/session/model/session.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { fixedSecrets } from "../fixed_secrets.ts";

const ENGINE = CIPHER_ENGINES.at(-1)!;

/** ENGINE, but one step of its ciphers waits for `resume`. */
function waitingEngine(step: "seal" | "open") {
  const begun = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  const engine: CipherEngine = {
    ...ENGINE,
    async create(key) {
      const cipher = await ENGINE.create(key);
      const wait = async (...args: Parameters<typeof cipher.open>) => {
        begun.resolve();
        await resume.promise;
        await cipher[step](...args);
      };
      return {
        seal: cipher.seal.bind(cipher),
        open: cipher.open.bind(cipher),
        close: () => cipher.close(),
        [step]: wait,
      };
    },
  };
  return { engine, begun: begun.promise, resume: () => resume.resolve() };
}

describe("a connection that is dropped during its handshake", () => {
  it("does not become a stream of the end that opened it", async () => {
    const secrets = await fixedSecrets();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const acceptor = new StreamAcceptor(listener);
    const taken: AuthenticatedStream[] = [];
    const running = acceptor.run(secrets, ENGINE, 1, (stream) => taken.push(stream));
    const { engine, begun, resume } = waitingEngine("open");
    const dialer = new StreamDialer(secrets, engine, { as: "client", first: 0 });
    const proving = dialer.authenticate(await Deno.connect({ hostname: "127.0.0.1", port: acceptor.port }), 60_000);
    await begun;
    dialer.close();
    resume();
    await assertRejects(() => proving, Error, "no longer needed");
    acceptor.close();
    await running;
    for (const { conn } of taken) closeQuietly(conn);
  });

  it("does not become a stream of the end that accepted it", async () => {
    const secrets = await fixedSecrets();
    const { engine, begun, resume } = waitingEngine("seal");
    const acceptor = new StreamAcceptor(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const taken: AuthenticatedStream[] = [];
    const running = acceptor.run(secrets, engine, 1, (stream) => taken.push(stream));
    const dialer = new StreamDialer(secrets, ENGINE, { as: "client", first: 0 });
    const proving = dialer.authenticate(await Deno.connect({ hostname: "127.0.0.1", port: acceptor.port }), 60_000);
    await begun;
    acceptor.close();
    resume();
    await assertRejects(() => proving);
    await running;
    assertEquals(taken, []);
  });
});

describe("an address that drops connections before their handshake", () => {
  /** Drops a number of connections, then accepts streams. Returns the result of `first`, and the number of connections. */
  async function dial(dropped: number): Promise<{ found: boolean; failures: string[]; connections: number }> {
    const secrets = await fixedSecrets();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const count = { connections: 0 };
    const accept = listener.accept.bind(listener);
    listener.accept = async () => {
      for (;;) {
        const conn = await accept();
        if (++count.connections > dropped) return conn;
        conn.close();
      }
    };
    const acceptor = new StreamAcceptor(listener);
    const running = acceptor.run(secrets, ENGINE, 1, ({ conn }) => closeQuietly(conn));
    const dialer = new StreamDialer(secrets, ENGINE, { as: "client", first: 0 });
    const failures: string[] = [];
    const stream = await dialer.first(
      [{ hostname: "127.0.0.1", port }],
      { connectMs: 60_000, answerMs: 60_000 },
      failures,
    );
    if (stream) closeQuietly(stream.conn);
    dialer.close();
    acceptor.close();
    await running;
    return { found: stream !== undefined, failures, ...count };
  }

  it("is tried again, because strangers may have displaced the connection", async () => {
    assertEquals(await dial(2), { found: true, failures: [], connections: 3 });
  });

  it("is given up after four connections", async () => {
    const { found, failures, connections } = await dial(Infinity);
    assertEquals([found, failures.length, connections], [false, 1, 4]);
  });
});
