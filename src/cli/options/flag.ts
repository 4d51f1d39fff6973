import type { FilterRule } from "../../files/walk/filter.ts";

/**
 * What an option takes. `size` is a number of bytes, perhaps with K, M or G behind it; `age` is a number of seconds, written
 * with s, m, h, d or w behind it; `list` keeps every value in order, `count` counts how often it was given.
 */
export type FlagKind = "boolean" | "string" | "number" | "size" | "age" | "list" | "count";

/** The headings of `--help`, in their order there. */
export const SECTIONS = ["Copying", "Speed", "Output", "Reaching the other side", "Other"] as const;

/** One option. */
export interface Flag {
  /** The long name without dashes; also its key in `RawFlags`. */
  readonly name: string;
  /** The one-character name without its dash. */
  readonly short?: string;
  /** Other long names that mean the same; not listed by `--help`. */
  readonly aliases?: readonly string[];
  readonly kind: FlagKind;
  /** What stands for the value in `--help`. Every kind but `boolean` and `count` has one. */
  readonly argument?: string;
  /** The word that may follow a boolean option as an operand, such as `all` in `--help all`. */
  readonly topic?: string;
  /** One sentence without a full stop. Defaults, ranges and choices are added to it from the fields below. */
  readonly help: string;
  readonly section: typeof SECTIONS[number];
  /** Bounds of a number or size, both included. */
  readonly min?: number;
  readonly max?: number;
  /** The only values that a string can have. */
  readonly choices?: readonly string[];
  /** What holds when nothing else was said. */
  readonly default?: string | number;
  /** The environment variable that is read when the option is not given. */
  readonly env?: string;
  /** Words to look for in the right place when the value is refused. */
  readonly hint?: string;
  /** Each value is a rule for what to copy; all such options make one list, in the order given. */
  readonly rule?: Pick<FilterRule, "action" | "kind">;
  /** Says what this one run is for: refused in configuration files and in ESCP_OPTIONS. */
  readonly once?: true;
  /** Not for people: left out of `--help`, the manual page, completions and suggestions. */
  readonly hidden?: true;
}

/** Whether a configuration file may set it. */
export function isSetting(flag: Flag): boolean {
  return !flag.hidden && !flag.once;
}

/** Whether `--no-NAME` takes it back. */
export function canBeTakenBack(flag: Flag): boolean {
  return !takesValue(flag) && isSetting(flag);
}

/** Whether the option is followed by a value. */
export function takesValue(flag: Flag): boolean {
  return flag.kind !== "boolean" && flag.kind !== "count";
}
