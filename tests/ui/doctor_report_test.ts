import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Step, StepFacts } from "../../src/doctor/step.ts";
import { nameRunningStep, renderStep } from "../../src/ui/doctor_report.ts";
import { SYSTEM } from "../doctor/facts.ts";

const VIEW = { bits: false, host: "web1" };

const CASES: [step: Step, ...lines: string[]][] = [
  [
    { step: "login", host: "web1", seconds: 0.416, status: "ok" },
    "ok       login          web1, 0.42 s until the remote escp answered",
  ],
  [
    { step: "login", host: "web1", status: "fail", problem: "Cannot log in to web1", hint: "Check ssh" },
    "fail     login          Cannot log in to web1",
    "                        hint: Check ssh",
  ],
  [
    { step: "escp", version: "0.0.9", versionHere: "0.1.0", status: "warn", problem: "older" },
    "warn     escp           remote 0.0.9, local 0.1.0",
    "                        older",
  ],
  [
    {
      step: "system",
      end: "there",
      status: "ok",
      system: { ...SYSTEM, network: { congestion: "cubic", tcpRmemMax: 6 << 20 }, notes: ["why"] },
    },
    "ok       remote system  linux x86_64, 8 cores, 4 threads for streams, cipher native (OpenSSL 3.0.19), files native",
    "                        codecs zstd, deflate, load 0.1",
    "                        congestion control cubic, tcp_rmem 6.0 MiB",
    "                        why",
  ],
  [
    {
      step: "ports",
      status: "ok",
      address: "10.0.0.2",
      attempts: [{ way: "10.0.0.1:1232", problem: "no answer" }, { way: "10.0.0.2:1232" }],
    },
    "ok       ports          10.0.0.2:1232",
    "                        10.0.0.1:1232: no answer",
  ],
  [
    {
      step: "ports",
      status: "warn",
      tunnel: "ssh -W",
      address: "ssh (ssh -W)",
      attempts: [{ way: "10.0.0.1:1232", problem: "Connection refused" }, { way: "ssh -W" }],
      problem: "closed",
    },
    "warn     ports          through ssh (ssh -W)",
    "                        10.0.0.1:1232: Connection refused",
    "                        closed",
  ],
  [{ step: "round trip", over: "stream", ms: 0.2347, status: "ok" }, "ok       round trip     0.23 ms over a stream"],
  [
    { step: "round trip", over: "control", status: "skipped", problem: "too old" },
    "skipped  round trip     over the control channel",
    "                        too old",
  ],
  [
    {
      step: "throughput",
      direction: "push",
      streams: 4,
      bytesPerSecond: 1 << 30,
      coresHere: 0.93,
      coresThere: 1.2,
      status: "ok",
    },
    "ok       throughput     1.0 GiB/s to web1, 4 streams; busy cores: 0.9 local, 1.2 remote",
  ],
  [
    { step: "throughput", direction: "pull", streams: 1, status: "warn", problem: "not allowed" },
    "warn     throughput     from web1, 1 stream",
    "                        not allowed",
  ],
  [
    {
      step: "disk",
      end: "here",
      status: "ok",
      disk: {
        folder: "/da\x1bta",
        bytes: 1 << 30,
        writeBytesPerSecond: 200 << 20,
        readBytesPerSecond: 1 << 30,
        cached: true,
      },
    },
    "ok       local disk     writes 200 MiB/s, reads 1.0 GiB/s (cached); 1.0 GiB in /da\\x1bta",
  ],
  [
    { step: "cipher", end: "there", status: "ok", cipher: { name: "aes-128-gcm", bytesPerSecond: 4 * 2 ** 30 } },
    "ok       remote cipher  4.0 GiB/s per core, aes-128-gcm",
  ],
  [
    { step: "bottleneck", direction: "pull", what: "disk", end: "there", bytesPerSecond: 100 << 20, status: "ok" },
    "         bottleneck     from web1: the remote disk, 100 MiB/s",
  ],
  [{ step: "advice", text: "Do it\nnow", status: "ok" }, "         advice         Do it now"],
];

describe("renderStep", () => {
  for (const [step, ...lines] of CASES) {
    it(`renders ${step.step} (${step.status})`, () => assertEquals(renderStep(step, VIEW), lines));
  }

  it("shows rates in bits if requested", () => {
    const step: Step = { step: "cipher", end: "here", status: "ok", cipher: { name: "x", bytesPerSecond: 125e6 } };
    assertEquals(renderStep(step, { ...VIEW, bits: true }), ["ok       local cipher   1.0 Gbit/s per core, x"]);
  });

  it("wraps results with a hanging indent, and puts them below their names on a narrow screen", () => {
    const step: Step = { step: "advice", status: "ok", text: "The disk writes 156 MiB/s. Use another one" };
    assertEquals(renderStep(step, { ...VIEW, width: 50 }), [
      "         advice         The disk writes 156 MiB/s.",
      "                        Use another one",
    ]);
    assertEquals(renderStep(step, { ...VIEW, width: 24 }), [
      "         advice",
      "    The disk writes 156",
      "    MiB/s. Use another",
      "    one",
    ]);
    for (let width = 16; width < 100; width++) {
      for (const [step] of CASES) {
        for (const line of renderStep(step, { ...VIEW, width })) {
          assertEquals(line.trimEnd().length <= Math.max(24, width), true, `${width}: ${line}`);
        }
      }
    }
  });
});

describe("nameRunningStep", () => {
  const cases: [step: StepFacts, name: string][] = [
    [{ step: "ports", attempts: [] }, "ports"],
    [{ step: "disk", end: "there" }, "remote disk"],
    [{ step: "throughput", direction: "push", streams: 1 }, "throughput to web1, 1 stream"],
    [{ step: "throughput", direction: "pull", streams: 4 }, "throughput from web1, 4 streams"],
  ];
  for (const [step, name] of cases) {
    it(`names ${name}`, () => assertEquals(nameRunningStep(step, VIEW), name));
  }
});
