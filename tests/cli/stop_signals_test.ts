import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { StopSignals, stopSignals, stopSignalsOf } from "../../src/cli/stop_signals.ts";
import { waitForExit } from "../support/processes.ts";

const PROGRAM = fromFileUrl(new URL("stopped_process.ts", import.meta.url));
const ARGS = ["run", "--quiet", "--no-check", "--allow-all", "--config"];
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

describe("signals that stop a copy", () => {
  it("depend on the system", () => {
    assertEquals(stopSignalsOf("windows"), ["SIGINT", "SIGBREAK"]);
    for (const os of ["linux", "darwin"] as const) assertEquals(stopSignalsOf(os), ["SIGINT", "SIGTERM", "SIGHUP"]);
  });

  it("are handled until disposed", () => {
    using stop = stopSignals();
    assertEquals(stop.signal.aborted, false);
  });

  it("are not handled before the given time", () => {
    using stop = new StopSignals();
    stop.listenAfter(60_000, { guardAfterMs: 0 });
    assertEquals(stop.signal.aborted, false);
  });

  it("are supplemented by a check of the parent: a busy process exits after its parent", {
    ignore: Deno.build.os === "windows",
  }, async () => {
    const words = [...ARGS, CONFIG, PROGRAM, "parent"];
    const child = new Deno.Command("sh", {
      args: ["-c", '"$@" & wait', "sh", Deno.execPath(), ...words],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    child.kill("SIGKILL");
    await child.status;
    await waitForExit(pid, 15_000);
    await reader.cancel();
  });

  it("end a process whose main thread blocks while it cleans up", { ignore: Deno.build.os === "windows" }, async () => {
    const args = [...ARGS, CONFIG, PROGRAM, "cleanup"];
    const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    // Promised: 2 s. A main thread that is not stuck has 3 s more.
    await waitForExit(child.pid, 4_000);
    await reader.cancel();
    assertEquals((await child.status).code, 130);
  });
});
