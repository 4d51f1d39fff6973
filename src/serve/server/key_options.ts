/** Options before a key in a file of authorized keys. */

import { FormatError } from "../../protocol/serve/ssh_strings.ts";
import { escapePath, UsageError } from "../../errors.ts";
import { parseRate } from "../../rate.ts";
import { type AddressTest, parseAddressPattern, parseIp } from "./ip_address.ts";
import type { Restrictions } from "./restrictions.ts";

/** Options of a key. */
export interface KeyOptions {
  /** Directory that confines the sessions of the key. A relative one is below the root of the server. */
  readonly root?: string;
  /** Directions that are allowed, seen from the client. */
  readonly allow?: readonly ("push" | "pull")[];
  /** Maximum rate of a session, in bytes per second. */
  readonly bytesPerSecond?: number;
  /** Returns whether the key may be used from an address. Default: from all. */
  readonly allowsFrom?: (address: string) => boolean;
}

const OBJECT = "the options";

/**
 * Parses options: `NAME="VALUE"`, separated by commas. `\"` in a value is a quote. Names are in upper or lower case.
 *
 * @throws {FormatError} for an unknown or repeated option, or an invalid value: a limit that is not understood must not be
 * ignored.
 */
export function parseKeyOptions(text: string): KeyOptions {
  const values = new Map<string, string>();
  for (let rest = text;;) {
    const [whole, name, quoted] = /^([A-Za-z0-9-]{1,64})="((?:\\"|[^"\\]|\\(?!"))*)"/.exec(rest) ?? [];
    if (whole === undefined) throw new FormatError(OBJECT, describeUnreadable(rest));
    const option = name.toLowerCase();
    if (values.has(option)) throw new FormatError(OBJECT, `the option "${option}" is repeated`);
    values.set(option, quoted.replaceAll('\\"', '"'));
    if (whole.length === rest.length) break;
    if (rest[whole.length] !== ",") throw new FormatError(OBJECT, "options must be separated by commas");
    rest = rest.slice(whole.length + 1);
  }
  let options: KeyOptions = {};
  for (const [option, value] of values) {
    const parse = Object.hasOwn(PARSERS, option) ? PARSERS[option] : undefined;
    if (!parse) throw new FormatError(OBJECT, `the option "${option}" is unknown`);
    options = { ...options, ...parse(value) };
  }
  return options;
}

/**
 * Combines the options of a key, except its directory (key_root.ts), with the restrictions of its server. The key gets no more
 * directions, and no higher rate.
 */
export function restrict(server: Restrictions, { allow, bytesPerSecond }: KeyOptions): Restrictions {
  const rates = [server.bytesPerSecond, bytesPerSecond].filter((rate) => rate !== undefined);
  return {
    root: server.root,
    allow: allow?.filter((direction) => server.allow?.includes(direction) ?? true) ?? server.allow,
    bytesPerSecond: rates.length === 0 ? undefined : Math.min(...rates),
  };
}

const PARSERS: Record<string, (value: string) => KeyOptions> = {
  root: (value) => {
    if (value === "" || value.includes("\0")) throw new FormatError(OBJECT, "root must be a directory");
    if (value.startsWith("~")) throw new FormatError(OBJECT, 'root must not begin with "~"');
    if (value.split(/[/\\]/).includes("..")) throw new FormatError(OBJECT, 'root must not contain ".."');
    return { root: value };
  },
  allow: (value) => {
    const allow = value.split(",");
    if (allow.every((each) => each === "push" || each === "pull")) return { allow };
    throw new FormatError(OBJECT, 'allow must be "push", "pull" or "push,pull"');
  },
  limit: (value) => {
    try {
      return { bytesPerSecond: parseRate(value, "limit") * 125 };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new FormatError(OBJECT, error.message, { cause: error });
    }
  },
  from: (value) => ({ allowsFrom: parseFrom(value) }),
};

/** Parses patterns as in `from` of sshd(8), of addresses only. One that begins with "!" excludes its addresses. */
function parseFrom(value: string): (address: string) => boolean {
  const patterns = value.split(",").map((text): { excludes: boolean; test: AddressTest } => {
    const excludes = text.startsWith("!");
    const test = parseAddressPattern(excludes ? text.slice(1) : text);
    if (test) return { excludes, test };
    throw new FormatError(OBJECT, `from must contain addresses or networks, not "${escapePath(text.slice(0, 64))}"`);
  });
  return (address) => {
    const ip = parseIp(address);
    if (ip === undefined) return false;
    const matches = patterns.filter(({ test }) => test(ip));
    return matches.length > 0 && matches.every(({ excludes }) => !excludes);
  };
}

function describeUnreadable(rest: string): string {
  const [, name] = /^([A-Za-z0-9-]{1,64})(?:[,=]|$)/.exec(rest) ?? [];
  if (name === undefined) return "an option is not readable";
  const isKnown = Object.hasOwn(PARSERS, name.toLowerCase());
  return isKnown ? `the option "${name}" needs a value in quotes` : `the option "${name}" is unknown`;
}
