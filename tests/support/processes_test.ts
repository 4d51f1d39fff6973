import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { descendantsOf, isRunning, killProcess, processesWithEnvironment, waitForExit } from "./processes.ts";

const ignore = Deno.build.os !== "linux";

describe("processes", { ignore }, () => {
  it("are found by environment and parent until they exit", async () => {
    const marker = crypto.randomUUID();
    const child = new Deno.Command("sh", {
      args: ["-c", "sleep 1000 & echo started; wait"],
      env: { ESCP_TEST_PAIR: marker },
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const marked = await processesWithEnvironment(`ESCP_TEST_PAIR=${marker}`);
    const descendants = await descendantsOf(child.pid);
    assertEquals(marked.length, 2);
    assertEquals(descendants.length, 1);
    assert(isRunning(child.pid));
    await assertRejects(() => waitForExit(descendants[0], 0), Error, "sleep 1000");

    for (const process of marked) killProcess(process);
    await child.status;
    await waitForExit(child.pid);
    await waitForExit(descendants[0]);
    assertEquals(await processesWithEnvironment(`ESCP_TEST_PAIR=${marker}`), []);
    await reader.cancel();
  });

  it("with a reused number are not mistaken for the earlier process", () => {
    assertEquals(isRunning({ pid: Deno.pid, startTime: "1" }), false);
    assert(isRunning(Deno.pid));
    killProcess({ pid: Deno.pid, startTime: "1" });
  });
});
