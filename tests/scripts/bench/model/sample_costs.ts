/** Made-up costs with round numbers. */

import type { BothEnds, Costs } from "../../../../scripts/bench/model/costs.ts";

/** Returns costs per block of this size: 1 ms per MiB at each end, half of it for the file. */
function blocks(bytes: number): BothEnds {
  const half = bytes / 2 ** 20 / 2000;
  return { send: { "read file": half, send: half }, receive: { receive: half, "write file": half } };
}

/** Returns costs of 1 ms per MiB at each end, and of 10 us per small file. */
export function sampleCosts(changes: Partial<Costs> = {}): Costs {
  return {
    blocks: { 65536: blocks(65536), 1048576: blocks(1048576), 8388608: blocks(8388608) },
    packs: {
      perItem: { send: { walk: 1e-5 }, receive: { create: 1e-5 } },
      perByte: { send: { walk: 0 }, receive: { create: 0 } },
    },
    largeFiles: { send: { open: 0.001 }, receive: { commit: 0.002 } },
    techniques: {
      blockBytes: 1048576,
      plainSend: 0.0002,
      zerocopySend: 0.0003,
      zerocopyCopied: true,
      copy: 0.0002,
      receiveAcross: 0.0002,
      receiveSame: 0.0001,
      writes: { oneFile: 0.001, twoFiles: 0.0005 },
      connection: 0.0001,
    },
    ...changes,
  };
}
