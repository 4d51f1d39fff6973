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
async function start(options: Pick<ServerOptions, "once" | "startRemote">): Promise<Running> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const logged: string[] = [];
  const server = new Server({
    ...options,
    listeners: [listener],
    identity: await createIdentity(),
    gate: new LoginGate(),
    authenticate: () => Promise.resolve({ who: "somebody", restrictions: { root: "/" } }),
    onePort: false,
    log: (_, text) => logged.push(text),
  });
  const ended = server.run();
  return {
    port: listener.addr.port,
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
