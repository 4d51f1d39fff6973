import { assert, assertEquals } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { PREAMBLE_BYTES } from "../../src/protocol/preamble.ts";
import { ENGINES, type Scene, startScene, type Way, wayName } from "../e2e/scene.ts";
import { temporaryFiles } from "../e2e/temporary_files.ts";
import { compareTrees } from "../support/compare_trees.ts";
import { freePort } from "../support/free_port.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { startFaultProxy } from "./fault_proxy.ts";

/** At this many kilobits a second a copy takes some seconds. */
const SLOW = "32000";
const STREAMS = 4;

/** What a stranger says, who has seen how a connection of the session begins. */
const SAYINGS: Record<string, (begin: Uint8Array) => Uint8Array> = {
  "are silent": () => new Uint8Array(),
  "talk garbage": () => crypto.getRandomValues(new Uint8Array(5_000)),
  "begin as one of the session, with a key of their own": (begin) =>
    Uint8Array.from([...begin.subarray(0, PREAMBLE_BYTES), ...crypto.getRandomValues(new Uint8Array(200))]),
  "repeat how one of the session began": (begin) => begin,
};

describeWithSshd("strangers on the data port cost a copy nothing", () => {
  let scene: Scene;
  let source: string;
  beforeAll(async () => {
    scene = await startScene();
    source = await scene.tree({ "large": { size: 6 << 20 }, "small": "small" });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  /** @param count how many of each kind. */
  async function besiege(way: Way, sayings: string[], count: number, flags: string[] = []): Promise<void> {
    const to = await scene.tree();
    const port = freePort();
    await using proxy = startFaultProxy(port, []);
    const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`, "--tunnel", "never"];
    await using running = await scene.start(way, {
      flags: ["-r", "--json", "-l", SLOW, "--retries", "0", ...ports, ...flags],
      sources: [`${source}/.`],
      target: to,
    });
    const begin = await proxy.first;
    // What the first connection has said is worth nothing when its number is taken.
    await running.waitForText("stdout", /"event":"connected"/);
    const strangers = await Promise.all(
      sayings.flatMap((saying) =>
        Array.from({ length: count }, async () => {
          const conn = await Deno.connect({ hostname: "127.0.0.1", port });
          await conn.write(SAYINGS[saying](begin));
          return conn;
        })
      ),
    );
    try {
      const { code, stderr, leftBehind } = await running.result;
      assertEquals([code, stderr], [0, ""]);
      // None of its own connections had to be replaced.
      assert(proxy.connections <= STREAMS, `${proxy.connections} connections`);
      assertEquals(await compareTrees(source, to), []);
      assertEquals(temporaryFiles(to), []);
      assertEquals(await leftBehind(), []);
      // Nobody waits for the strangers, who are still there.
      await scene.sshd.waitForNoSession();
    } finally {
      for (const conn of strangers) conn.close();
    }
  }

  for (const [index, saying] of Object.keys(SAYINGS).entries()) {
    const engine = ENGINES[index % ENGINES.length];
    const way: Way = { direction: index % 2 === 0 ? "push" : "pull", engine, streams: STREAMS };
    it(`who ${saying}: ${wayName(way)}`, () => besiege(way, [saying], 20));
  }

  for (const engine of ENGINES) {
    const way: Way = { direction: engine === "native" ? "push" : "pull", engine, streams: STREAMS };
    it(`who are 200 at once: ${wayName(way)}`, () => besiege(way, Object.keys(SAYINGS), 50));
  }

  const way: Way = { direction: "push", engine: ENGINES[0], streams: STREAMS };
  it("who come to the client, where that one listens", () => besiege(way, Object.keys(SAYINGS), 10, ["--reverse"]));
});
