import { quotePath, UsageError } from "../errors.ts";

/** Ports that the receiving end may listen on. */
export interface PortRange {
  readonly first: number;
  /** The last one that may be used. */
  readonly last: number;
}

/** The first port, and how many come after it, where only one of the two is said: those of EScp. */
const FIRST_PORT = 1232;
const FURTHER_PORTS = 10;
const LAST_PORT = 65535;

/**
 * Checks what `escp-portrange` says: "1232-1242" or "1232:1242", or as in EScp how many ports may follow the first one.
 *
 * @param shown Where it comes from, for the message.
 * @throws {UsageError}
 */
export function parsePortRange(text: string, shown = "Port range"): PortRange | { readonly further: number } {
  const match = /^([0-9]{1,5})(?:[:-]([0-9]{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match && match[2] === undefined && first < LAST_PORT) return { further: first };
  if (match && first >= 1 && first <= last && last <= LAST_PORT) return { first, last };
  throw new UsageError(`${shown} must be two ports such as 1232-1242, not ${quotePath(text)}`, {
    hint: "One number alone is how many ports may follow the first one, which is the value of escp-port",
  });
}

/**
 * The ports that `escp-port` and `escp-portrange` mean together; undefined when neither is said, so that the system
 * chooses. A port alone may be followed by 10 more, and a number of ports alone follows 1232. A range "A-B" stands for
 * itself; with a port in it that is where it begins.
 *
 * @param shown Where the range comes from, for the message.
 * @throws {UsageError} for a port that is not in the range.
 */
export function choosePorts(
  port: number | undefined,
  range: string | undefined,
  shown = "Port range",
): PortRange | undefined {
  if (port === undefined && range === undefined) return undefined;
  const parsed = range === undefined ? { further: FURTHER_PORTS } : parsePortRange(range, shown);
  if ("further" in parsed) {
    const first = port ?? FIRST_PORT;
    return { first, last: Math.min(first + parsed.further, LAST_PORT) };
  }
  const { first, last } = parsed;
  if (port !== undefined && (port < first || port > last)) {
    throw new UsageError(`${shown} leaves out the port that is asked for: ${port} is not in ${first}-${last}`);
  }
  return { first: port ?? first, last };
}
