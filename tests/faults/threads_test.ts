import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { quoteWord } from "../../src/ssh/remote_command.ts";
import { assertSame, notedBytes, sentBytes } from "../e2e/interruptions.ts";
import { useAsEscp } from "../e2e/plain_rights.ts";
import { type Direction, ENGINES, type Scene, startScene, type Way } from "../e2e/scene.ts";
import { temporaryFiles } from "../e2e/temporary_files.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";

const SIZE = 24 << 20;
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const PROGRAM = fromFileUrl(new URL("failing_threads.ts", import.meta.url));
/** The portable engine has no threads. */
const ignore = !ENGINES.includes("native");

describeWithSshd("a thread that fails in the middle ends the copy, and the same command goes on", { ignore }, () => {
  let scene: Scene;
  let source: string;
  let failing: string;
  beforeAll(async () => {
    scene = await startScene();
    source = await scene.tree({ "big": { size: SIZE, mtime: new Date("2001-02-03T04:05:06Z") } });
    const words = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", "--config", CONFIG, PROGRAM];
    failing = `${scene.sshd.binDirectory}/failing`;
    const script = `#!/bin/sh\nESCP_THREADS=2 FAIL_AFTER=1 exec ${words.map(quoteWord).join(" ")} "$@"\n`;
    await Deno.writeTextFile(failing, script);
    await Deno.chmod(failing, 0o755);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const CASES: [Direction, end: string][] = [
    ["push", "the client"],
    ["push", "the remote end"],
    // It starts its other end by itself.
    ["local", "both ends"],
  ];
  for (const [direction, end] of CASES) {
    it(`${direction}, a thread of ${end}`, async () => {
      const way: Way = { direction, engine: "native", streams: 4 };
      const to = await scene.tree({ "big": "old" });
      const copy = { sources: [`${source}/big`], target: `${to}/big` };
      {
        const remote = end === "the remote end";
        using _ = remote ? undefined : useAsEscp(failing);
        const flags = ["-l", "400000", ...(remote ? ["-D", failing] : [])];
        const { code, stderr, leftBehind } = await scene.copy(way, { ...copy, flags });
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /A stream's thread failed: .*thread on purpose/);
        assertEquals(await leftBehind(), []);
        await scene.sshd.waitForNoSession(10_000);
      }
      assertEquals(await Deno.readTextFile(`${to}/big`), "old");
      const noted = notedBytes(to);
      const { code, stdout, stderr } = await scene.copy(way, { ...copy, flags: ["--json"] });
      assertEquals([code, stderr], [0, ""]);
      // A block that came again, after its first stream was lost, is noted twice.
      const sent = sentBytes(stdout);
      assert(sent < (SIZE - noted) * 1.1, `${sent} of ${SIZE}, ${noted} were noted`);
      await assertSame(`${source}/big`, `${to}/big`);
      assertEquals(temporaryFiles(to), []);
    });
  }
});
