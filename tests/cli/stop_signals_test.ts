import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stopSignals, stopSignalsOf } from "../../src/cli/stop_signals.ts";

describe("signals that stop a copy", () => {
  it("are those that a system lets a process listen to", () => {
    assertEquals(stopSignalsOf("windows"), ["SIGINT", "SIGBREAK"]);
    for (const os of ["linux", "darwin"] as const) assertEquals(stopSignalsOf(os), ["SIGINT", "SIGTERM", "SIGHUP"]);
  });

  it("can be listened to here, and let go", () => {
    using stop = stopSignals();
    assertEquals(stop.signal.aborted, false);
  });
});
