/** A machine as texts for a page. */

import type { SystemFacts } from "../../../protocol/control/probe.ts";
import { formatBytes, formatCount } from "../../format.ts";

/** Returns the properties of a machine. */
export function systemTexts(
  { system, cores, loadPercent, threads, cipher, files, codecs, notes, network }: SystemFacts,
): string[] {
  const buffers = ([
    ["net.core.rmem_max", network.rmemMax],
    ["net.core.wmem_max", network.wmemMax],
    ["tcp_rmem", network.tcpRmemMax],
    ["tcp_wmem", network.tcpWmemMax],
  ] as const).flatMap(([name, bytes]) => bytes === undefined ? [] : [`${name} ${formatBytes(bytes)}`]);
  const load = loadPercent === undefined ? [] : [`load ${(loadPercent / 100).toFixed(1)}`];
  const congestion = network.congestion === undefined ? [] : [`congestion control ${network.congestion}`];
  return [
    [system, formatCount(cores, "core"), formatCount(threads, "thread") + " for streams", ...load].join(", "),
    `cipher ${cipher.engine} (${cipher.library}), files ${files}, codecs ${codecs.join(", ")}`,
    ...(congestion.length + buffers.length > 0 ? [[...congestion, ...buffers].join(", ")] : []),
    ...notes,
  ];
}
