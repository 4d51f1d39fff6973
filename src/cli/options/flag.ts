/** One row of the table of options. */

import type { FilterRule } from "../../files/walk/filter.ts";

/**
 * Value of an option. `size`: a number of bytes, with an optional suffix K, M or G. `rate`: a number of kbit/s, written with an
 * optional unit. `time`: an age or a date, as written. `list`: all values in order. `count`: how often the option was given.
 */
export type FlagKind = "boolean" | "string" | "number" | "size" | "rate" | "time" | "list" | "count";

/** Headings of `--help all`, in order. */
export const SECTIONS = ["Copying", "Speed", "Output", "Connection", "Serving", "Other"] as const;

/** An option, without its section. */
export interface FlagRow {
  /** Long name without dashes; also the key in `RawFlags`. */
  readonly name: string;
  /** Name of one character, without its dash. */
  readonly short?: string;
  /** Other long names with the same meaning. `--help` does not list them. */
  readonly aliases?: readonly string[];
  readonly kind: FlagKind;
  /** Placeholder of the value in `--help`. Every kind except `boolean` and `count` has one. */
  readonly argument?: string;
  /** The word that may follow a boolean option as an operand, such as `all` in `--help all`. */
  readonly topic?: string;
  /** One sentence without a full stop. `--help` appends default, range and choices from the fields below. */
  readonly help: string;
  /** Minimum and maximum of a number or size, inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** The only values that a string can have. */
  readonly choices?: readonly string[];
  /** Value if the option is not given anywhere. */
  readonly default?: string | number;
  /** Describes a default that is not a constant. */
  readonly defaultText?: string;
  /** Environment variable that is read if the option is not given. */
  readonly env?: string;
  /**
   * Hint for a value that is refused. If the option has a short name: states that the option of another tool with this name takes
   * no value, which may have been meant as an operand.
   */
  readonly hint?: string;
  /** Each value is a filter rule. The rules of all such options form one list, in the order given. */
  readonly rule?: Pick<FilterRule, "action" | "kind">;
  /** Each value is a file of such rules, which have this action unless a line has another. */
  readonly ruleFile?: FilterRule["action"];
  /** The option applies to a single run: it is refused in configuration files and in ESCP_OPTIONS. */
  readonly once?: true;
  /** The option is not for users: omitted from `--help`, the manual page, completions and suggestions. */
  readonly hidden?: true;
  /**
   * With -R, the option is passed to escp on the source host. "changed": only if it differs from the default, because an older
   * escp may not know the option. "off": only if it is switched off, because the options that it implies are passed.
   */
  readonly forwarded?: true | "changed" | "off";
}

/** An option. */
export interface Flag extends FlagRow {
  readonly section: typeof SECTIONS[number];
}

/** Returns whether a configuration file may set the option. */
export function isSetting(flag: Flag): boolean {
  return !flag.hidden && !flag.once;
}

/** Returns whether `--no-NAME` switches the option off. */
export function isNegatable(flag: Flag): boolean {
  return !takesValue(flag) && isSetting(flag);
}

/** Returns whether a value follows the option. */
export function takesValue(flag: Flag): boolean {
  return flag.kind !== "boolean" && flag.kind !== "count";
}
