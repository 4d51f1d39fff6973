import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Step } from "../../src/doctor/step.ts";
import { renderVerdict } from "../../src/ui/doctor_verdict.ts";

const VIEW = { bits: false, host: "web1" };
const MIB = 1 << 20;
const BOTTLENECKS: Step[] = [
  { step: "bottleneck", direction: "push", what: "disk", end: "there", bytesPerSecond: 156 * MIB, status: "ok" },
  { step: "bottleneck", direction: "pull", what: "network", bytesPerSecond: 221 * MIB, status: "ok" },
];
const WARNING: Step = { step: "escp", versionHere: "0.1.0", status: "warn", problem: "older" };

describe("renderVerdict", () => {
  it("states the rates and their limits", () =>
    assertEquals(renderVerdict(BOTTLENECKS, VIEW, {}), [
      "ok: copies work, up to 156 MiB/s to web1 (limit: the remote disk), 221 MiB/s from web1 (limit: the network)",
    ]));

  it("counts warnings, and needs no measurement", () => {
    assertEquals(renderVerdict([WARNING], VIEW, {}), ["ok with 1 warning: copies work"]);
    assertEquals(renderVerdict([WARNING, WARNING], VIEW, {}), ["ok with 2 warnings: copies work"]);
  });

  it("states the escaped reason of a failure", () =>
    assertEquals(renderVerdict([WARNING], VIEW, { failure: "Cannot log in\x1b to web1\nfor long" }), [
      "fail: a copy would not work. Cannot log in\\x1b to web1 for long",
    ]));

  it("wraps with a hanging indent", () =>
    assertEquals(renderVerdict(BOTTLENECKS, { ...VIEW, width: 60 }, {}), [
      "ok: copies work, up to 156 MiB/s to web1 (limit: the",
      "  remote disk), 221 MiB/s from web1 (limit: the network)",
    ]));
});
