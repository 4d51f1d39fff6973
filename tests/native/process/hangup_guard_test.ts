import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { isRunning, waitForExit } from "../../support/processes.ts";

const PROGRAM = fromFileUrl(new URL("../guarded_process.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));

describe("guardHangup", { ignore: Deno.build.os !== "linux" }, () => {
  for (const [descriptor, name] of [[0, "reads"], [1, "writes"]] as const) {
    it(`kills a busy process after the pipe that it ${name} was closed`, async () => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--allow-all", "--config", CONFIG, PROGRAM, `${descriptor}`],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      try {
        const reader = child.stdout.getReader();
        await reader.read();
        // Neither signals nor data trigger the guard.
        const input = child.stdin.getWriter();
        for (let turn = 0; turn < 25; turn++) {
          child.kill("SIGUSR2");
          await input.write(new Uint8Array([1]));
          await delay(100);
        }
        assert(isRunning(child.pid));
        if (descriptor === 0) await input.close();
        else await reader.cancel();
        await waitForExit(child.pid, 10_000);
        if (descriptor === 0) await reader.cancel();
        else await input.abort().catch(() => {});
        assertEquals((await child.status).signal, "SIGKILL");
      } finally {
        if (isRunning(child.pid)) child.kill("SIGKILL");
        await child.status;
      }
    });
  }
});
