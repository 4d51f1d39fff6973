/** The options of the library as rows of the table of options. The names are those of the command line in camel case. */

import { type Flag, isSetting, takesValue } from "../cli/options/flag.ts";
import { parseFlagValue } from "../cli/options/values/flag_value.ts";
import { FLAGS, type RawFlags } from "../cli/options/flags.ts";
import { nearest } from "../cli/options/nearest.ts";
import { quotePath, UsageError } from "../errors.ts";
import type { FilterRule } from "../files/walk/filter.ts";

/** Options that make no sense in a program, or that functions of the library replace. */
const ABSENT = [
  ...["quiet", "verbose", "bits", "stats", "json", "json-schema"],
  ...["batch", "dry-run", "nochecksum", "through-here", "ca"],
];
/** Options of a single run that the library has. */
const ONCE = [
  ...["report", "manifest", "filelist", "null", "files-from", "newer-than", "older-than"],
  ...["no-target-directory", "delete", "delete-excluded", "max-delete", "remove-source-files", "itemize-changes"],
];

/** Sections of the options for a connection. All other options are for copies, and `report` is for some functions. */
const CONNECTION: readonly Flag["section"][] = ["Speed", "Output", "Connection"];

/** Options for reaching a host, of all functions. */
export const CONNECTION_FLAGS: readonly Flag[] = FLAGS.filter((flag) => isOffered(flag) && isForConnection(flag));
/** Options for copying, of `copy`, `plan` and `verify`. */
export const COPY_FLAGS: readonly Flag[] = FLAGS.filter((flag) => isOffered(flag) && !isForConnection(flag));
/** Options of `plan`. */
export const PLAN_FLAGS: readonly Flag[] = without(COPY_FLAGS, ["verify", "manifest"]);
/** Options of `verify`. */
export const VERIFY_FLAGS: readonly Flag[] = without(PLAN_FLAGS, [
  ...["update", "checksum", "whole-file", "delete", "delete-excluded", "max-delete"],
  ...["remove-source-files", "itemize-changes"],
  ...["ignore-existing", "existing", "link-dest"],
]);
/** Options of `clean`. */
export const CLEAN_FLAGS: readonly Flag[] = FLAGS.filter(({ name }) => name === "older-than" || name === "dry-run");
/** Options of `doctor`. */
export const DOCTOR_FLAGS: readonly Flag[] = FLAGS.filter(({ name }) => name === "report" || name === "doctor-time");

/** Returns the name of an option in the library: "dryRun" for "dry-run". */
export function libraryName({ name }: Pick<Flag, "name">): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Names of options that are not on the command line. */
const SWITCHES = ["throwOnFailure", "interactive"];
const OWN = ["signal", "rules", ...SWITCHES];

/**
 * Returns options as the parser of the command line would.
 *
 * @param known rows of the function, besides those for connections.
 * @throws {UsageError} for an unknown option, and for a value that its row does not allow.
 */
export function optionFlags(options: object, known: readonly Flag[]): RawFlags {
  const flags = new Map([...CONNECTION_FLAGS, ...known].map((flag) => [libraryName(flag), flag]));
  const values: Record<string, unknown> = {};
  const rules = new Map<Flag, FilterRule[]>();
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (SWITCHES.includes(name) && typeof value !== "boolean") refuse(`Option "${name}"`, "a boolean", value);
    if (OWN.includes(name)) continue;
    const flag = flags.get(name) ?? unknown(name, [...flags.keys(), ...OWN]);
    const parsed = parse(flag, value, `Option "${name}"`);
    if (!flag.rule) values[flag.name] = parsed;
    else rules.set(flag, (parsed as string[]).map((pattern) => ({ ...flag.rule!, pattern })));
  }
  const ordered = [...flags.values()].flatMap((flag) => rules.get(flag) ?? []);
  // Exceptions come first, because the first rule that matches decides.
  const included = ordered.filter(({ action }) => action === "include");
  const given = "rules" in options ? checkedRules(options.rules) : [];
  const all = [...given, ...included, ...ordered.filter((rule) => !included.includes(rule))];
  // Without rules of the program, those of the configuration files apply.
  return all.length > 0 ? { ...values, rules: all } : values;
}

function isOffered(flag: Flag): boolean {
  return (isSetting(flag) || ONCE.includes(flag.name)) && !ABSENT.includes(flag.name) && flag.name !== "doctor-time";
}

function without(flags: readonly Flag[], names: readonly string[]): Flag[] {
  return flags.filter(({ name }) => !names.includes(name));
}

function isForConnection({ name, section }: Flag): boolean {
  return CONNECTION.includes(section) && name !== "report";
}

function parse(flag: Flag, value: unknown, shown: string): unknown {
  if (!takesValue(flag)) return typeof value === "boolean" ? value : refuse(shown, "a boolean", value);
  if (flag.kind !== "list") return parseOne(flag, value, shown);
  if (!Array.isArray(value)) refuse(shown, "a list of strings", value);
  return (value as unknown[]).map((each) => parseOne(flag, each, shown));
}

function parseOne(flag: Flag, value: unknown, shown: string): string | number {
  const isText = flag.kind === "string" || flag.kind === "list";
  if (typeof value === "string") {
    // The arguments of programs cannot contain it.
    if (value.includes("\0")) throw new UsageError(`${shown} must not contain a NUL character`);
    if (flag.kind !== "number") return parseFlagValue(flag, value, shown);
  }
  if (isText) refuse(shown, "a string", value);
  if (typeof value !== "number") refuse(shown, "a number", value);
  // An age needs a unit.
  return parseFlagValue(flag, flag.kind === "time" && value !== 0 ? `${value}s` : String(value), shown);
}

function checkedRules(rules: unknown): FilterRule[] {
  if (rules === undefined) return [];
  if (!Array.isArray(rules)) refuse('Option "rules"', "a list of rules", rules);
  return (rules as unknown[]).map((rule) => {
    const { action, pattern, kind = "glob" } = (rule ?? {}) as Partial<FilterRule>;
    const isKnown = (action === "include" || action === "exclude") && (kind === "glob" || kind === "regex");
    if (!isKnown || typeof pattern !== "string" || pattern.includes("\0")) {
      throw new UsageError('Option "rules" has an invalid rule', {
        hint: 'Write rules as { action: "include" or "exclude", kind: "glob" or "regex", pattern: "..." }',
      });
    }
    return { action, kind, pattern };
  });
}

function unknown(name: string, names: readonly string[]): never {
  const meant = nearest(name, names);
  throw new UsageError(`Unknown option ${quotePath(name)}${meant ? `: did you mean "${meant}"?` : ""}`);
}

function refuse(shown: string, what: string, value: unknown): never {
  throw new UsageError(`${shown} must be ${what}, not ${typeof value === "string" ? quotePath(value) : String(value)}`);
}
