/** A server in this process, with remote ends that are other programs. */

import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatAnswer, formatFirstLine } from "../../../src/protocol/serve/first_line.ts";
import { formatLogin, type Verdict } from "../../../src/protocol/serve/login_messages.ts";
import { createIdentity } from "../../../src/serve/server/create_identity.ts";
import { LoginGate } from "../../../src/serve/server/login_gate.ts";
import { SessionGate } from "../../../src/serve/server/session_gate.ts";
import { Server, type ServerOptions } from "../../../src/serve/server/server.ts";
import { converse, openRawClient, type RawClient } from "../../security/serve/client.ts";

interface Running extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  readonly logged: string[];
  /** Resolves when the log has a line with this text. */
  untilLogged(text: string): Promise<void>;
}

/** Starts a server that accepts every proof, by default as that of one client. */
async function start(
  {
    listeners = [Deno.listen({ hostname: "127.0.0.1", port: 0 })],
    onLog,
    sessionGate = new SessionGate(),
    authenticate = () => Promise.resolve({ who: "somebody", client: "key", restrictions: { root: "/" } }),
    ...options
  }:
    & Pick<ServerOptions, "once" | "startRemote">
    & Partial<Pick<ServerOptions, "sessionGate" | "authenticate">>
    & { listeners?: Deno.TcpListener[]; onLog?: (logged: readonly string[]) => void },
): Promise<Running> {
  const logged: string[] = [];
  const waiting = new Set<() => void>();
  const server = new Server({
    ...options,
    listeners,
    identity: await createIdentity(),
    gate: new LoginGate(),
    sessionGate,
    authenticate,
    onePort: false,
    log(_, text) {
      logged.push(text);
      onLog?.(logged);
      waiting.forEach((look) => look());
    },
  });
  const ended = server.run();
  return {
    port: listeners[0].addr.port,
    server,
    ended,
    logged,
    untilLogged: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (!logged.some((line) => line.includes(text))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.end();
      await ended;
    },
  };
}

/** @param number Number of the client's key. */
async function logIn(client: RawClient, number = 0): Promise<Verdict> {
  return await client.send(
    formatLogin({ type: "once", nonce: new Uint8Array(32), mac: new Uint8Array(32).fill(number) }),
  );
}

/** Accepts every proof as that of the key with its number. */
const byNumber: ServerOptions["authenticate"] = (proof) => {
  const client = `key ${proof.type === "once" ? proof.mac[0] : 0}`;
  return Promise.resolve({ who: client, client, restrictions: { root: "/" } });
};

/** Starts a remote end that runs until its input ends. */
function startCat(): Deno.ChildProcess {
  return new Deno.Command("cat", { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
}

describe("a server", () => {
  it("ends after a session whose client reads nothing more", async () => {
    const startRemote = () =>
      // More than the buffers of all connections take.
      new Deno.Command("head", {
        args: ["-c", "100000000", "/dev/zero"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    await using running = await start({ once: false, startRemote });
    using client = await openRawClient(running.port);
    assertEquals((await logIn(client)).type, "accepted");
    running.server.end();
    await running.ended;
    assertMatch(running.logged.at(-1)!, /^somebody: session ended after /);
  });

  it("logs a lack of descriptors although strangers have used up their lines", async () => {
    const { promise: hasStrangers, resolve: fill } = Promise.withResolvers<void>();
    const { promise: hasFailed, resolve: fail } = Promise.withResolvers<void>();
    const strangers = Array.from({ length: 12 }, (_, network) => ({
      remoteAddr: { transport: "tcp", hostname: `203.0.${network}.1`, port: 1 },
      read: () => Promise.resolve(null),
      close() {},
    } as unknown as Deno.TcpConn));
    let failures = 0;
    const listener = {
      addr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
      async accept() {
        const stranger = strangers.shift();
        if (stranger) return stranger;
        await hasStrangers;
        if (failures++ < 3) throw Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
        fail();
        return await new Promise<never>(() => {});
      },
      close() {},
    } as unknown as Deno.TcpListener;
    const startRemote = () => {
      throw new Error("unused");
    };
    await using running = await start({
      once: false,
      startRemote,
      listeners: [listener],
      onLog: (logged) => logged.length === 10 && fill(),
    });
    await hasFailed;
    running.server.end();
    await running.ended;
    assertEquals(running.logged.filter((line) => !line.startsWith("203.0.")), [
      "cannot accept a connection: Too many open files",
      "2 more connections of other networks without a session",
      "2 more connections: cannot accept a connection: Too many open files",
    ]);
  });

  it("of one session stays usable if the remote end cannot be started", async () => {
    let attempts = 0;
    const startRemote = () => {
      if (attempts++ === 0) throw new Error("no memory");
      return startCat();
    };
    await using running = await start({ once: true, startRemote });
    {
      using client = await openRawClient(running.port);
      const verdict = await logIn(client);
      assertEquals([verdict.type, verdict.type === "refused" && verdict.message], [
        "refused",
        "it cannot start one; its log has the reason",
      ]);
    }
    assertMatch(running.logged.join("\n"), /somebody: cannot serve a session: no memory/);
    {
      using client = await openRawClient(running.port);
      assertEquals((await logIn(client)).type, "accepted");
    }
    await running.ended;
  });

  it("refuses further sessions of a key as busy, starts nothing for them, and logs them", async () => {
    let started = 0;
    await using running = await start({
      once: false,
      startRemote: () => (started++, startCat()),
      sessionGate: new SessionGate({ perClient: 1 }),
      authenticate: byNumber,
    });
    {
      using first = await openRawClient(running.port);
      assertEquals((await logIn(first, 1)).type, "accepted");
      const message = "it runs 1 session of this key, the maximum";
      {
        using second = await openRawClient(running.port);
        assertEquals(await logIn(second, 1), { type: "refused", message, busy: true });
      }
      await running.untilLogged(`127.0.0.1: refused key 1: ${message}`);
      using other = await openRawClient(running.port);
      assertEquals((await logIn(other, 2)).type, "accepted");
      assertEquals(started, 2);
    }
    await running.untilLogged("key 1: session ended");
    using next = await openRawClient(running.port);
    assertEquals((await logIn(next, 1)).type, "accepted");
  });

  it("that runs the maximum of sessions is busy before the login", async () => {
    let started = 0;
    await using running = await start({
      once: false,
      startRemote: () => (started++, startCat()),
      sessionGate: new SessionGate({ total: 1 }),
      authenticate: byNumber,
    });
    const message = "it runs 1 session, the maximum";
    using first = await openRawClient(running.port);
    {
      using late = await openRawClient(running.port);
      assertEquals((await logIn(first, 1)).type, "accepted");
      assertEquals(await logIn(late, 2), { type: "refused", message, busy: true });
    }
    await running.untilLogged(`127.0.0.1: refused key 2: ${message}`);
    const answer = await converse(running.port, formatFirstLine({ kind: "control" }));
    assertEquals(new TextDecoder().decode(answer), formatAnswer({ kind: "refused", reason: "busy" }));
    await running.untilLogged(`127.0.0.1: refused: ${message}`);
    assertEquals(started, 1);
  });
});
