/** Ports for the data, from the command line. */

import { choosePorts } from "../../../config/port_range.ts";
import type { PortRange } from "../../../ssh/port_range.ts";
import type { RawFlags } from "../flags.ts";

/** @throws {UsageError} if the port is outside the range. */
export function parsePorts(flags: RawFlags): PortRange | undefined {
  return choosePorts(flags["escp-port"], flags["escp-portrange"], 'Option "--escp-portrange"');
}
