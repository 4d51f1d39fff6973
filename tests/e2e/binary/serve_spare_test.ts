/** The remote end that `escp --serve` starts before a client needs it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { untilTrue } from "../../support/escp/interruptions.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import {
  commandOf,
  descendantsOf,
  isRunning,
  killProcess,
  type ProcessId,
  waitForExit,
  waitForNoProcess,
} from "../../support/processes.ts";

/** Returns the remote ends of a server. */
async function remoteEnds({ server }: Serving): Promise<ProcessId[]> {
  return (await descendantsOf(server.pid)).filter((process) => commandOf(process).includes("--receiver"));
}

/** Waits until the server has a remote end besides those given. */
async function nextSpare(serving: Serving, known: readonly ProcessId[] = []): Promise<ProcessId> {
  let found: ProcessId[] = [];
  const look = async () => {
    const isKnown = ({ pid }: ProcessId) => known.some((each) => each.pid === pid);
    found = (await remoteEnds(serving)).filter((process) => !isKnown(process));
  };
  await look();
  await untilTrue(() => {
    void look();
    return found.length > 0;
  }, serving.server);
  return found[0];
}

describe("a remote end that escp --serve starts in advance", () => {
  it("serves the next session, with the restrictions of its key, and is replaced after it", async () => {
    await using serving = await startServing({ keyOptions: 'root="inner",allow="push"' });
    await writeTree(serving.work, { file: "text" });
    await Deno.mkdir(`${serving.root}/inner`);
    const spare = await nextSpare(serving);
    assertEquals(commandOf(spare).split(" ").slice(-3, -1), ["--receiver", "--await-grant"]);
    const pushed = await serving.run(["file", serving.url("file")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    await waitForExit(spare);
    const next = await nextSpare(serving);
    const pulled = await serving.run([serving.url("file"), "fetched"]);
    assertEquals(pulled.code, 1, pulled.stderr);
    assertStringIncludes(pulled.stderr, "the remote host does not allow copies from it");
    await waitForExit(next);
    assertEquals(await Deno.readTextFile(`${serving.root}/inner/file`), "text");
  });

  it("is not needed: a session begins without it", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    const spare = await nextSpare(serving);
    killProcess(spare);
    await waitForExit(spare);
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 0, result.stderr);
  });

  it("is one of at most one, also while sessions run", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { slow: { size: 1 << 20 } });
    const first = await nextSpare(serving);
    const slow = (name: string) => serving.start(["-v", "--limit=1600", "slow", serving.url(name)]);
    await using one = await slow("one");
    await one.waitForText("stderr", /data goes to/);
    const second = await nextSpare(serving, [first]);
    await using two = await slow("two");
    await two.waitForText("stderr", /data goes to/);
    const third = await nextSpare(serving, [first, second]);
    assertEquals((await Promise.all([one.result, two.result])).map(({ code }) => code), [0, 0]);
    await Promise.all([first, second].map((process) => waitForExit(process)));
    assertEquals(await remoteEnds(serving), [third]);
  });

  it("ends with its server, after SIGTERM and after SIGKILL", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await using serving = await startServing();
      const spare = await nextSpare(serving);
      serving.server.kill(signal);
      await waitForExit(serving.server.pid);
      await waitForExit(spare);
    }
  });

  it("does not outlive the session of --once", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await writeTree(serving.work, { file: "text" });
    const spare = await nextSpare(serving);
    const result = await serving.run(["file", serving.output.trimEnd()]);
    assertEquals(result.code, 0, result.stderr);
    const { code, leftBehind } = await serving.server.result;
    assertEquals(code, 0);
    assertEquals(isRunning(spare), false);
    await waitForNoProcess(leftBehind);
  });
});
