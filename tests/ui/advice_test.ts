import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Facts } from "../../src/doctor/step.ts";
import { adviceFor } from "../../src/ui/advice.ts";
import { disk, factsWith, MB, SYSTEM, throughput } from "../doctor/facts.ts";

const PUSH_PER_STREAM = [throughput("push", 1, 30 * MB), throughput("push", 4, 120 * MB)];
const NETWORK = { tcpRmemMax: 6 << 20, tcpWmemMax: 4 << 20, congestion: "cubic" };
const FAR = { ...SYSTEM, network: NETWORK };
const VAES_NOTE = "OpenSSL 3.0.19 does not use the vector AES (VAES) of this processor";
const pushOf = (coresHere: number) => [throughput("push", 4, 1000 * MB, { coresHere })];

/** A change of the facts, and the resulting advice in order. */
const CASES: [name: string, changes: Partial<Facts>, ...expected: RegExp[]][] = [
  ["gives no advice if there is no problem", {}],
  [
    "names the ports to open and the key of the configuration",
    { tunnel: "ssh -W", portsToOpen: "Open TCP ports 1232-1242 of web1 for this machine" },
    /^The data goes through ssh \(ssh -W\).*Open TCP ports 1232-1242 of web1 .*--escp-portrange.*"escp-portrange" in .* on web1$/,
  ],
  [
    "names only the ports to open if the user has requested ports",
    { tunnel: "ssh -W", portsToOpen: "Open TCP ports 5000-5003 of web1 for this machine", requestsPorts: true },
    /^The data goes through ssh \(ssh -W\), which is slower\. Open TCP ports 5000-5003 of web1 for this machine$/,
  ],
  [
    "names the portable engine",
    { system: { here: SYSTEM, there: { ...SYSTEM, files: "portable", cipher: { engine: "portable", library: "x" } } } },
    /^The engine for the cipher and files on web1 is the portable one.*OpenSSL/,
  ],
  ["accepts a portable engine on a system without a native one", {
    system: { there: { ...SYSTEM, system: "darwin aarch64", files: "portable" } },
  }],
  [
    "reports a machine that was busy before the measurements",
    { system: { here: { ...SYSTEM, loadPercent: 790 }, there: SYSTEM } },
    /^This machine was busy .*load 7\.9 with 8 cores/,
  ],
  [
    "compares the window of a stream with bandwidth times round trip",
    { system: { here: FAR, there: FAR }, roundTripMs: 100, throughput: PUSH_PER_STREAM },
    // 3 MiB in 100 ms are 30 MiB/s. 120 MB/s for 100 ms are 12 MB, and the kernel needs the same again.
    /^The window of one stream is limited to 3\.0 MiB by net\.ipv4\.tcp_rmem on web1.* 30\.0 MiB\/s at .* 100 ms.*tcp_rmem="4096 131072 33554432"$/,
    /^The window of one stream is limited to 4\.0 MiB by net\.ipv4\.tcp_wmem on this machine.*tcp_wmem="4096 16384 16777216"$/,
    /^4 streams to web1 are 4\.0 times as fast as one\. Try more streams: -t 8$/,
    /^This machine sends with the congestion control cubic.*bbr/,
  ],
  [
    "gives no advice about sufficient buffers",
    {
      system: { here: SYSTEM, there: { ...SYSTEM, network: { tcpRmemMax: 256 << 20 } } },
      roundTripMs: 100,
      throughput: PUSH_PER_STREAM,
    },
    /^4 streams to web1 are 4\.0 times/,
  ],
  [
    "gives no advice about buffers at a short round trip",
    { system: { here: FAR, there: FAR }, roundTripMs: 1, throughput: PUSH_PER_STREAM },
    /^4 streams to web1 are 4\.0 times/,
  ],
  [
    "gives no advice about bbr",
    {
      system: { here: { ...SYSTEM, network: { congestion: "bbr" } }, there: SYSTEM },
      roundTripMs: 50,
      throughput: PUSH_PER_STREAM,
    },
    /^4 streams/,
  ],
  [
    "gives no advice about settings of Linux on Windows",
    {
      system: { here: { ...SYSTEM, system: "windows x86_64", files: "portable", network: {} }, there: SYSTEM },
      congestion: "cubic",
      roundTripMs: 100,
      throughput: PUSH_PER_STREAM,
    },
    /^4 streams to web1 are 4\.0 times as fast as one\. Try more streams: -t 8$/,
  ],
  [
    "recommends at most 64 streams",
    { streams: 64, throughput: [throughput("push", 1, 100 * MB), throughput("push", 64, 900 * MB)] },
  ],
  [
    "recommends one stream if several are slower",
    { throughput: [throughput("push", 1, 400 * MB), throughput("push", 4, 200 * MB)] },
    /^4 streams to web1 are 2\.0 times as slow as one\. Try one stream: -t 1$/,
  ],
  [
    "names the direction if the two directions need different numbers of streams",
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
    "reports the actual number of streams if ssh allows fewer than requested",
    {
      tunnel: "ssh -W",
      portsToOpen: "Open ports",
      throughput: [throughput("pull", 1, 40 * MB), throughput("pull", 2, 10 * MB)],
      roundTripMs: 50,
      system: { here: FAR, there: FAR },
    },
    /^The data goes through ssh/,
    /^2 streams from web1 are 4\.0 times as slow as one\. Try one stream: -t 1$/,
  ],
  [
    "recommends compression on a slow network",
    { throughput: [throughput("pull", 1, 11 * MB), throughput("pull", 4, 11 * MB)] },
    /^The network carries 10\.5 MiB\/s from web1, and more streams do not help\. Try -C/,
  ],
  [
    "names the disk once",
    { disk: { there: disk(100 * MB, 3000 * MB) } },
    /^The disk of \/data on web1 writes 95\.4 MiB\/s, less than/,
  ],
  [
    "names the processor and recommends more threads",
    { system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM }, throughput: pushOf(0.99) },
    /^The processor time for connections on this machine is the limit, with 8 cores\. .*--threads 7/,
  ],
  [
    "recommends a newer OpenSSL on processors with VAES",
    { system: { here: { ...SYSTEM, notes: [VAES_NOTE] }, there: { ...SYSTEM, notes: ["another", VAES_NOTE] } } },
    /^OpenSSL 3\.2 or later takes about a fifth less .* on this machine, .*OpenSSL 3\.0\.19 does not.*ESCP_LIBCRYPTO/,
    /^OpenSSL 3\.2 or later takes about a fifth less .* on web1, /,
  ],
  [
    "names the cipher and recommends a faster one",
    {
      system: { here: { ...SYSTEM, cores: 1, threads: 0 }, there: SYSTEM },
      throughput: pushOf(1),
      cipher: { here: { name: "aes-256-gcm", bytesPerSecond: 1100 * MB } },
    },
    /^The cipher on this machine is the limit, with 1 core\. .*Try the faster cipher aes-128-gcm \(--cipher\)$/,
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
