import { describe, it } from "@std/testing/bdd";
import { parseMessage } from "../../../src/protocol/control/message_codec.ts";
import type { Finding, Probe } from "../../../src/protocol/control/probe.ts";
import { assertProtocolError } from "../protocol_error.ts";
import { assertRoundTrip } from "./round_trip.ts";

const SYSTEM = {
  system: "linux x86_64",
  cores: 2,
  loadPercent: 15,
  threads: 0,
  cipher: { engine: "native", library: "OpenSSL" },
  files: "native",
  codecs: ["zstd"],
  notes: ["why"],
  network: { rmemMax: 1, wmemMax: 2, tcpRmemMax: 3, tcpWmemMax: 4, congestion: "cubic" },
};
const DISK = { folder: "/d", bytes: 1 << 30, writeBytesPerSecond: 1, readBytesPerSecond: 2, cached: true };

const PROBES: Probe[] = [
  { what: "echo" },
  { what: "system", streams: 4 },
  { what: "stream" },
  { what: "throughput", direction: "pull", streams: 64, ms: 60_000 },
  { what: "disk", ms: 20 },
  { what: "cipher", ms: 300 },
];
const FINDINGS: Finding[] = [
  { what: "echo" },
  { what: "stream" },
  { what: "ready" },
  { what: "system", system: SYSTEM },
  { what: "system", system: { ...SYSTEM, loadPercent: undefined, network: {} } },
  { what: "throughput", load: { cpuMs: 5, ms: 6 } },
  { what: "disk", disk: DISK },
  { what: "cipher", cipher: { name: "aes-128-gcm", bytesPerSecond: 7 } },
  { what: "failed", failure: { code: "", path: "", message: "no", hint: "" } },
];

/** Values of one field that the parser must reject in a valid message. */
const BAD: [good: Probe | Finding, path: string, ...values: unknown[]][] = [
  [PROBES[1], "what", "", "exec", 5],
  [PROBES[1], "streams", 0, 65, undefined],
  [PROBES[3], "direction", "both"],
  [PROBES[3], "streams", 0, 65],
  [PROBES[3], "ms", 19, 60_001, 20.5, "20"],
  [PROBES[4], "ms", 0, 1e9],
  [FINDINGS[3], "system", undefined, [], 5],
  [FINDINGS[3], "system.system", 5, "x".repeat(257)],
  [FINDINGS[3], "system.cores", 0, -1],
  [FINDINGS[3], "system.threads", -1, 65],
  [FINDINGS[3], "system.cipher.library", undefined],
  [FINDINGS[3], "system.codecs", Array(17).fill("x"), [1]],
  [FINDINGS[3], "system.notes", Array(17).fill("x")],
  [FINDINGS[3], "system.network.rmemMax", -1, 0.5],
  [FINDINGS[3], "system.network.congestion", "x".repeat(65)],
  [FINDINGS[5], "load.cpuMs", -1, undefined],
  [FINDINGS[6], "disk.bytes", 2 ** 30 + 1],
  [FINDINGS[6], "disk.cached", 1],
  [FINDINGS[7], "cipher.bytesPerSecond", Infinity],
  [FINDINGS[8], "failure", undefined, {}],
];

describe("messages of probes", () => {
  for (const probe of PROBES) {
    it(`a probe ${probe.what} round-trips`, () => {
      assertRoundTrip({ type: "probe", probe });
    });
  }
  for (const finding of FINDINGS) {
    it(`a finding ${finding.what} round-trips`, () => {
      assertRoundTrip({ type: "probed", finding });
    });
  }

  for (const [good, path, ...values] of BAD) {
    it(`${good.what} is rejected with a wrong ${path}`, () => {
      for (const value of values) {
        const changed = structuredClone(good) as unknown as Record<string, unknown>;
        const names = path.split(".");
        let at = changed;
        for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
        at[names.at(-1)!] = value;
        const isProbe = (PROBES as unknown[]).includes(good);
        const message = isProbe ? { type: "probe", probe: changed } : { type: "probed", finding: changed };
        assertProtocolError("bad-message", () => parseMessage(JSON.stringify(message)));
      }
    });
  }
});
