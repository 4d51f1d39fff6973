import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Facts } from "../../src/doctor/step.ts";
import { adviceFor } from "../../src/ui/advice.ts";
import { disk, factsWith, MB, SYSTEM, throughput } from "../doctor/facts.ts";

const PUSH_PER_STREAM = [throughput("push", 1, 30 * MB), throughput("push", 4, 120 * MB)];
const NETWORK = { tcpRmemMax: 6 << 20, tcpWmemMax: 4 << 20, congestion: "cubic" };
const FAR = { ...SYSTEM, network: NETWORK };
const pushOf = (coresHere: number) => [throughput("push", 4, 1000 * MB, { coresHere })];

/** One fact that is not as it should be, and each sentence that it leads to, in order. */
const CASES: [name: string, changes: Partial<Facts>, ...expected: RegExp[]][] = [
  ["says nothing when nothing is in the way", {}],
  [
    "names the ports to open and the key of the configuration",
    { tunnel: "ssh -W", portsToOpen: "Open TCP ports 1232-1242 of web1 for this machine" },
    /^The data goes through ssh \(ssh -W\).*Open TCP ports 1232-1242 of web1 .*--escp-portrange.*"escp-portrange"/,
  ],
  [
    "names the engine that is the slow one",
    { system: { here: SYSTEM, there: { ...SYSTEM, files: "portable", cipher: { engine: "portable", library: "x" } } } },
    /^The engine for the cipher and files there is the portable one.*OpenSSL/,
  ],
  ["bears a portable engine where there is no other", {
    system: { there: { ...SYSTEM, system: "darwin aarch64", files: "portable" } },
  }],
  [
    "says when a machine was busy before",
    { system: { here: { ...SYSTEM, loadPercent: 790 }, there: SYSTEM } },
    /^The machine here was busy .*load 7\.9 with 8 cores/,
  ],
  [
    "compares what a stream may have under way with bandwidth times round trip",
    { system: { here: FAR, there: FAR }, roundTripMs: 100, throughput: PUSH_PER_STREAM },
    // 3 MiB in 100 ms are 30 MiB/s; 120 MB/s for 100 ms are 12 MB, and as much again for the kernel.
    /^One stream can have 3\.0 MiB under way \(net\.ipv4\.tcp_rmem there\).*100 ms is 30\.0 MiB\/s.*tcp_rmem="4096 131072 33554432"$/,
    /^One stream can have 4\.0 MiB under way \(net\.ipv4\.tcp_wmem here\).*tcp_wmem="4096 16384 16777216"$/,
    /^4 streams to web1 are 4\.0 times as fast as one: try more of them, -t 8$/,
    /^The sender here uses the congestion control cubic.*bbr/,
  ],
  [
    "leaves buffers alone that are large enough",
    {
      system: { here: SYSTEM, there: { ...SYSTEM, network: { tcpRmemMax: 256 << 20 } } },
      roundTripMs: 100,
      throughput: PUSH_PER_STREAM,
    },
    /^4 streams to web1 are 4\.0 times/,
  ],
  [
    "leaves buffers alone on a short way",
    { system: { here: FAR, there: FAR }, roundTripMs: 1, throughput: PUSH_PER_STREAM },
    /^4 streams to web1 are 4\.0 times/,
  ],
  [
    "leaves bbr alone",
    {
      system: { here: { ...SYSTEM, network: { congestion: "bbr" } }, there: SYSTEM },
      roundTripMs: 50,
      throughput: PUSH_PER_STREAM,
    },
    /^4 streams/,
  ],
  [
    "knows that there are no more than 64 streams",
    { streams: 64, throughput: [throughput("push", 1, 100 * MB), throughput("push", 64, 900 * MB)] },
  ],
  [
    "takes one stream where several are slower",
    { throughput: [throughput("push", 1, 400 * MB), throughput("push", 4, 200 * MB)] },
    /^4 streams to web1 are 2\.0 times as slow as one: try -t 1$/,
  ],
  [
    "says which way it means where the two want different numbers",
    {
      throughput: [
        throughput("push", 1, 400 * MB),
        throughput("push", 4, 200 * MB),
        throughput("pull", 1, 400 * MB),
        throughput("pull", 4, 800 * MB),
      ],
    },
    /^4 streams from web1 are 2\.0 times as fast/,
    /^4 streams to web1 are 2\.0 times as slow/,
  ],
  [
    "counts the streams that there were where ssh lets through fewer than were asked for",
    {
      tunnel: "ssh -W",
      portsToOpen: "Open ports",
      throughput: [throughput("pull", 1, 40 * MB), throughput("pull", 2, 10 * MB)],
      roundTripMs: 50,
      system: { here: FAR, there: FAR },
    },
    /^The data goes through ssh/,
    /^2 streams from web1 are 4\.0 times as slow as one: try -t 1$/,
  ],
  [
    "offers compression where the line is slow",
    { throughput: [throughput("pull", 1, 11 * MB), throughput("pull", 4, 11 * MB)] },
    /^The network carries 10\.5 MiB\/s from web1, and more streams do not help: -C/,
  ],
  [
    "names the disk, once",
    { disk: { there: disk(100 * MB, 3000 * MB) } },
    /^The disk of \/data there writes 95\.4 MiB\/s, less than/,
  ],
  [
    "names the processor and the threads that it could have",
    { system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM }, throughput: pushOf(0.99) },
    /^What the connections take of the processor here is the limit, with its 8 cores: .*--threads 7/,
  ],
  [
    "names the cipher and the quicker one",
    {
      system: { here: { ...SYSTEM, cores: 1, threads: 0 }, there: SYSTEM },
      throughput: pushOf(1),
      cipher: { here: { name: "aes-256-gcm", bytesPerSecond: 1100 * MB } },
    },
    /^The cipher here is the limit, with its core: .*aes-128-gcm is faster \(--cipher\)$/,
  ],
];

describe("adviceFor", () => {
  for (const [name, changes, ...expected] of CASES) {
    it(name, () => {
      const advice = adviceFor(factsWith(changes));
      assertEquals(advice.length, expected.length, advice.join("\n"));
      for (const [index, pattern] of expected.entries()) assertMatch(advice[index], pattern);
    });
  }
});
