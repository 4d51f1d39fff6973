import { quotePath, UsageError } from "../errors.ts";
import { DEFAULT_PORTS, type PortRange } from "../ssh/port_range.ts";

/** Default number of ports after the first. */
const FURTHER_PORTS = DEFAULT_PORTS.last - DEFAULT_PORTS.first;
const LAST_PORT = 65535;

/**
 * Parses a value of `escp-portrange`: "1232-1242" or "1232:1242", or as in EScp the number of ports after the first one.
 *
 * @param shown name of the setting in messages.
 * @throws {UsageError}
 */
export function parsePortRange(text: string, shown = "Port range"): PortRange | { readonly further: number } {
  const match = /^([0-9]{1,5})(?:[:-]([0-9]{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match && match[2] === undefined && first < LAST_PORT) return { further: first };
  if (match && first >= 1 && first <= last && last <= LAST_PORT) return { first, last };
  throw new UsageError(`${shown} must be two ports such as 1232-1242, not ${quotePath(text)}`, {
    hint: "A single number is the number of ports after the first one, which is the value of escp-port",
  });
}

/**
 * Combines `escp-port` and `escp-portrange`. Returns undefined if neither is given; the system chooses the ports then. After a single
 * port, 10 more may be used. A number of ports without a port starts after 1232. A port in a range "A-B" replaces its start.
 *
 * @param shown name of the setting in messages.
 * @throws {UsageError} for a port outside the range.
 */
export function choosePorts(
  port: number | undefined,
  range: string | undefined,
  shown = "Port range",
): PortRange | undefined {
  if (port === undefined && range === undefined) return undefined;
  const parsed = range === undefined ? { further: FURTHER_PORTS } : parsePortRange(range, shown);
  if ("further" in parsed) {
    const first = port ?? DEFAULT_PORTS.first;
    return { first, last: Math.min(first + parsed.further, LAST_PORT) };
  }
  const { first, last } = parsed;
  if (port !== undefined && (port < first || port > last)) {
    throw new UsageError(`${shown} does not contain the requested port: ${port} is not in ${first}-${last}`);
  }
  return { first: port ?? first, last };
}
