import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import { PREAMBLE_BYTES } from "../../../src/protocol/data/preamble.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { escpCommand, startEscp } from "../../support/escp/escp_command.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { describeWithScene, ENGINES, type Variant, variantName } from "../../support/scene.ts";
import { startSshd } from "../../support/hosts/sshd.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";

const STREAMS = 4;

/** Bytes that a stranger sends who has seen the beginning of a connection of the session. */
const MESSAGES: Record<string, (begin: Uint8Array) => Uint8Array> = {
  "are silent": () => new Uint8Array(),
  "send random bytes": () => crypto.getRandomValues(new Uint8Array(5_000)),
  "send the preamble of the session with another key": (begin) =>
    Uint8Array.from([...begin.subarray(0, PREAMBLE_BYTES), ...crypto.getRandomValues(new Uint8Array(200))]),
  "replay the beginning of a connection": (begin) => begin,
};

/** Starts a proxy that holds each connection after this number of bytes, so that the copy cannot end before `release`. */
function startHoldingProxy(upstream: number, after: number): FaultProxy {
  const hold = { after, kind: "hold", times: Infinity } as const;
  return startFaultProxy(
    upstream,
    (["to server", "to client"] as const).map((direction): Fault => ({ direction, ...hold })),
  );
}

describeWithScene("strangers on the data port", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": { size: 3 << 20 }, "small": "small" });
  });

  /** Copies while strangers connect. @param count Number of strangers of each kind. */
  async function besiege(variant: Variant, kinds: string[], count: number, flags: string[] = []): Promise<void> {
    const to = await scene.tree();
    const port = freePort();
    await using proxy = startHoldingProxy(port, 100_000);
    const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`, "--tunnel", "never"];
    await using running = await scene.start(variant, {
      flags: ["-r", "--json", "--retries", "0", ...ports, ...flags],
      sources: [`${source}/.`],
      target: to,
    });
    const begin = await proxy.first;
    // The replay is useless after the connection number is used.
    await running.waitForText("stdout", /"event":"connected"/);
    const strangers = await Promise.all(
      kinds.flatMap((kind) =>
        Array.from({ length: count }, async () => {
          const conn = await Deno.connect({ hostname: "127.0.0.1", port });
          await conn.write(MESSAGES[kind](begin));
          return conn;
        })
      ),
    );
    proxy.release();
    try {
      const { code, stderr, leftBehind } = await running.result;
      assertEquals([code, stderr], [0, ""]);
      // No connection of the session had to be replaced.
      assert(proxy.connections <= STREAMS, `${proxy.connections} connections`);
      assertEquals(await compareTrees(source, to), []);
      assertEquals(temporaryFiles(to), []);
      assertEquals(await leftBehind(), []);
      // The remote end does not wait for strangers that are still connected.
      await scene.sshd.waitForNoSession();
    } finally {
      for (const conn of strangers) conn.close();
    }
  }

  for (const [index, kind] of Object.keys(MESSAGES).entries()) {
    const engine = ENGINES[index % ENGINES.length];
    const variant: Variant = { direction: index % 2 === 0 ? "push" : "pull", engine, streams: STREAMS };
    it(`do not affect a copy if they ${kind}: ${variantName(variant)}`, () => besiege(variant, [kind], 20));
  }

  for (const engine of ENGINES) {
    const variant: Variant = { direction: engine === "native" ? "push" : "pull", engine, streams: STREAMS };
    it(`do not affect a copy if they are 200 at once: ${variantName(variant)}`, () =>
      besiege(variant, Object.keys(MESSAGES), 50));
  }

  for (
    const [end, direction, flags] of [["the remote end", "push", []], ["the client", "pull", ["--reverse"]]] as const
  ) {
    it(`do not affect a copy if they hold 300 connections to ${end}, which may open 256 files`, async () => {
      const limited = 'ulimit -n 256 && exec "$@"';
      await using host = await startSshd({ forceCommand: `ulimit -n 256 && exec sh -c "$SSH_ORIGINAL_COMMAND"` });
      // Large enough for journals, which are open files too. Sparse files cost no time.
      const sparse = { sparseSize: 5 << 20, pieces: { 0: "begin" } };
      const from = await scene.tree(
        Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}`, sparse])),
      );
      const to = await scene.tree();
      const port = freePort();
      // After the handshake, which takes fewer bytes.
      await using proxy = startHoldingProxy(port, 400);
      const place = (side: string, path: string) => side === direction ? `testhost:${path}` : path;
      await using running = await startEscp([
        ...host.sshOptions,
        ...["-r", "--sparse", "-t", `${STREAMS}`, "--retries", "0", "--tunnel", "never", ...flags],
        ...["--escp-port", `${port}`, "--escp-portrange", "0", "--data-address", `127.0.0.1:${proxy.port}`],
        place("pull", `${from}/.`),
        place("push", to),
      ], { command: ["sh", "-c", limited, "sh", ...escpCommand()] });
      const strangers = new Set<Deno.TcpConn>();
      let isOver = false;
      running.result.catch(() => {}).finally(() => isOver = true);
      const besieging = (async () => {
        while (strangers.size < 300 && !isOver) {
          // The port may not be open yet.
          const conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
          if (conn) strangers.add(conn);
          else await delay(1);
        }
        proxy.release();
      })();
      try {
        const { code, stderr, leftBehind } = await running.result;
        assertEquals([code, stderr], [0, ""]);
        assertEquals(strangers.size, 300);
        assertEquals(await compareTrees(from, to), []);
        assertEquals(temporaryFiles(to), []);
        assertEquals(await leftBehind(), []);
      } finally {
        await besieging;
        for (const conn of strangers) conn.close();
      }
    });
  }

  const variant: Variant = { direction: "push", engine: ENGINES[0], streams: STREAMS };
  it("do not affect a copy if they connect to a listening client", () =>
    besiege(variant, Object.keys(MESSAGES), 10, ["--reverse"]));
});
