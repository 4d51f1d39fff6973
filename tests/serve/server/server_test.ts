/** A server in this process, with remote ends that are other programs. */

import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatLogin, type Verdict } from "../../../src/protocol/serve/login_messages.ts";
import { createIdentity } from "../../../src/serve/server/create_identity.ts";
import { LoginGate } from "../../../src/serve/server/login_gate.ts";
import { Server, type ServerOptions } from "../../../src/serve/server/server.ts";
import { openRawClient, type RawClient } from "../../security/serve/client.ts";

interface Running extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  readonly logged: string[];
}

/** Starts a server that accepts every proof. */
async function start(
  { listeners = [Deno.listen({ hostname: "127.0.0.1", port: 0 })], onLog, ...options }:
    & Pick<ServerOptions, "once" | "startRemote">
    & { listeners?: Deno.TcpListener[]; onLog?: (logged: readonly string[]) => void },
): Promise<Running> {
  const logged: string[] = [];
  const server = new Server({
    ...options,
    listeners,
    identity: await createIdentity(),
    gate: new LoginGate(),
    authenticate: () => Promise.resolve({ who: "somebody", restrictions: { root: "/" } }),
    onePort: false,
    log(_, text) {
      logged.push(text);
      onLog?.(logged);
    },
  });
  const ended = server.run();
  return {
    port: listeners[0].addr.port,
    server,
    ended,
    logged,
    async [Symbol.asyncDispose]() {
      server.end();
      await ended;
    },
  };
}

async function logIn(client: RawClient): Promise<Verdict> {
  return await client.send(formatLogin({ type: "once", nonce: new Uint8Array(32), mac: new Uint8Array(32) }));
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
      return new Deno.Command("cat", { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
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
});
