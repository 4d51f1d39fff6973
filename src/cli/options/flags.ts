/**
 * The table of options. The parser, `--help`, the manual page, the completions and the command line of `-R` are generated from it.
 * src/README.md describes how to add an option.
 */

import type { FilterRule } from "../../files/walk/filter.ts";
import type { Flag, FlagRow } from "./flag.ts";
import type { RuleFile } from "./values/rule_file.ts";
import { CONNECTION } from "./flags/connection.ts";
import { COPYING } from "./flags/copying.ts";
import { OTHER } from "./flags/other.ts";
import { OUTPUT } from "./flags/output.ts";
import { SELECTING } from "./flags/selecting.ts";
import { SERVING } from "./flags/serving.ts";
import { SHARING } from "./flags/sharing.ts";
import { SPEED } from "./flags/speed.ts";

/** All options, in the order of `--help all`. */
export const FLAGS: readonly Flag[] = [
  ...inSection("Copying", COPYING),
  ...inSection("Copying", SELECTING),
  ...inSection("Copying", SHARING),
  ...inSection("Speed", SPEED),
  ...inSection("Output", OUTPUT),
  ...inSection("Connection", CONNECTION),
  ...inSection("Serving", SERVING),
  ...inSection("Other", OTHER),
];

function inSection(section: Flag["section"], rows: readonly FlagRow[]): Flag[] {
  return rows.map((row) => ({ ...row, section }));
}

type Row =
  | typeof COPYING[number]
  | typeof SELECTING[number]
  | typeof SHARING[number]
  | typeof SPEED[number]
  | typeof OUTPUT[number]
  | typeof CONNECTION[number]
  | typeof SERVING[number]
  | typeof OTHER[number];

type ValueOf<F> = F extends { kind: "boolean" } ? boolean
  : F extends { kind: "number" | "size" | "rate" | "count" } ? number
  : F extends { kind: "list" } ? string[]
  : F extends { choices: readonly (infer C)[] } ? C
  : string;

/** Long name of an option. */
export type FlagName = Row["name"];

/** Values of the given options, by long name. Each value is valid for its row. */
export type RawFlags =
  & { [F in Row as F extends { rule: unknown } | { ruleFile: unknown } ? never : F["name"]]?: ValueOf<F> }
  /** Of all options with a `rule` or `ruleFile`, in the order given. */
  & { rules?: (FilterRule | RuleFile)[] };

/** Values of the options that have a default. */
export type DefaultFlags = { [F in Row as F extends { default: unknown } ? F["name"] : never]: ValueOf<F> };

/** Returns the row with this long name or alias. Underscores count as dashes. */
export function findLong(name: string): Flag | undefined {
  const dashed = name.replaceAll("_", "-");
  return FLAGS.find((flag) => flag.name === dashed || flag.aliases?.includes(dashed));
}

/** Returns the row with this name of one character. */
export function findShort(char: string): Flag | undefined {
  return FLAGS.find((flag) => flag.short === char);
}
