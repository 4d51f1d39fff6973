/** `-R`: the options of this run as words of a command line for escp on the source host. */

import type { FilterRule } from "../../files/walk/filter.ts";
import type { Flag } from "./flag.ts";
import { FLAGS } from "./flags.ts";
import type { HostOptions } from "./host_options.ts";
import { parseTime } from "./values/time.ts";

/**
 * Returns the options that the table marks as forwarded, with their long names. Filter rules keep their order. The source host
 * has a configuration of its own, so switches that the user has switched off are forwarded too.
 */
export function forwardedWords(flags: HostOptions["flags"]): string[] {
  const values: Record<string, unknown> = { ...flags };
  const words = FLAGS.flatMap((flag) => {
    if (!flag.forwarded) return [];
    return flags.switchedOff.includes(flag.name) ? [`--no-${flag.name}`] : wordsOf(flag, values[flag.name]);
  });
  return [...words, ...flags.rules.map(wordOfRule)];
}

/** Returns the options that differ from their defaults, for a report. */
export function changedWords(flags: HostOptions["flags"]): string[] {
  const values: Record<string, unknown> = { ...flags };
  const words = FLAGS.flatMap((flag) => {
    const { name, hidden, kind, default: usual } = flag;
    if (hidden || name === "report" || values[name] === usual) return [];
    return wordsOf({ ...flag, forwarded: true, kind: kind === "time" ? "string" : kind }, values[name]);
  });
  return [...words, ...flags.rules.map(wordOfRule)];
}

function wordsOf({ name, kind, forwarded, default: usual }: Flag, value: unknown): string[] {
  if (value === undefined || value === false || forwarded === "off") return [];
  if (forwarded === "changed" && value === usual) return [];
  // The source host may be in another time zone.
  if (kind === "time") return [`--${name}=${new Date(parseTime(String(value), name, Date.now())).toISOString()}`];
  if (kind === "boolean") return [`--${name}`];
  if (kind === "count") return Array.from({ length: Number(value) }, () => `--${name}`);
  return [value].flat().map((each) => `--${name}=${each}`);
}

function wordOfRule({ action, kind, pattern }: FilterRule): string {
  const flag = FLAGS.find(({ rule }) => rule?.action === action && rule.kind === kind);
  return `--${flag!.name}=${pattern}`;
}
