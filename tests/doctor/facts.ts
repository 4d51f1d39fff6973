/** Facts for tests of bottlenecks and advice. */

import type { DiskSpeed, SystemFacts } from "../../src/protocol/control/probe.ts";
import type { Direction, Facts, ThroughputFacts } from "../../src/doctor/step.ts";

export const MB = 1e6;

/** An idle Linux machine with native engines. */
export const SYSTEM: SystemFacts = {
  system: "linux x86_64",
  cores: 8,
  loadPercent: 10,
  threads: 4,
  cipher: { engine: "native", library: "OpenSSL 3.0.19" },
  files: "native",
  codecs: ["zstd", "deflate"],
  notes: [],
  network: {},
};

/** Returns a transfer with idle processors. */
export function throughput(
  direction: Direction,
  streams: number,
  bytesPerSecond: number,
  more: Partial<ThroughputFacts> = {},
): ThroughputFacts {
  return { direction, streams, bytesPerSecond, coresHere: 0.5, coresThere: 0.5, ...more };
}

export function disk(
  writeBytesPerSecond: number,
  readBytesPerSecond: number,
  more: Partial<DiskSpeed> = {},
): DiskSpeed {
  return { folder: "/data", bytes: 1 << 30, writeBytesPerSecond, readBytesPerSecond, cached: false, ...more };
}

/** Returns the facts of a local network of 1 GB/s, with faster disks and ciphers. */
export function factsWith(changes: Partial<Facts> = {}): Facts {
  return {
    host: "web1",
    streams: 4,
    system: { here: SYSTEM, there: SYSTEM },
    roundTripMs: 0.3,
    throughput: (["push", "pull"] as const).flatMap((direction) => [
      throughput(direction, 1, 1000 * MB),
      throughput(direction, 4, 1000 * MB),
    ]),
    disk: { here: disk(3000 * MB, 3000 * MB), there: disk(3000 * MB, 3000 * MB) },
    cipher: {
      here: { name: "aes-128-gcm", bytesPerSecond: 4000 * MB },
      there: { name: "aes-128-gcm", bytesPerSecond: 4000 * MB },
    },
    ...changes,
  };
}
