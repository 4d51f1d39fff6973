import { escapePath, UsageError } from "../../errors.ts";
import type { FilterRule } from "../../files/walk/filter.ts";
import { canBeTakenBack, type Flag, takesValue } from "./flag.ts";
import { parseFlagValue } from "./flag_value.ts";
import { findLong, findShort, FLAGS, type RawFlags } from "./flags.ts";
import { nearest } from "./nearest.ts";
import type { Configs } from "../../config/config_files.ts";

/** A command line taken apart. */
export interface ParsedArguments {
  /** The options that were given. The last one wins where an option has one value. */
  flags: RawFlags;
  /** Everything else, in order. */
  operands: string[];
  /** How many of them stand behind "--"; undefined where there is none. */
  afterDashes?: number;
}

/**
 * Takes a command line apart the way GNU getopt does: `-rpq`, `-P22`, `-P 22`, `--port=22`, `--port 22`, options
 * before or after operands, `--` ends the options, a lone `-` is an operand. `--no-NAME` takes back a switch that was
 * set before, on the line or elsewhere. `help` and `help all` mean `--help` and `--help all` if nothing else is given.
 * @throws UsageError for an unknown option, a value that is missing, not wanted or not allowed.
 */
export function parseArguments(given: readonly string[]): ParsedArguments {
  const args = isHelpCommand(given) ? ["--help", ...given.slice(1)] : given;
  const values: Values = {};
  const operands: string[] = [];
  let afterDashes: number | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      afterDashes = args.length - at - 1;
      break;
    }
    const next: string | undefined = args[at + 1];
    if (arg.startsWith("--")) at += parseLong(arg, next, values);
    else if (arg.startsWith("-") && arg !== "-") at += parseBundle(arg, next, values);
    else operands.push(arg);
  }
  return { flags: values as RawFlags, operands, ...(afterDashes === undefined ? {} : { afterDashes }) };
}

/** Matches exact command lines only, so that `escp help host:` copies a file of that name. */
function isHelpCommand([first, second, ...rest]: readonly string[]): boolean {
  return first === "help" && (second === undefined || second === "all") && rest.length === 0;
}

type Values = Record<string, boolean | number | string | string[] | FilterRule[]>;

/** Both parsers give the number of arguments that they used beyond the first: 0 or 1. */
function parseLong(arg: string, next: string | undefined, values: Values): number {
  const equals = arg.indexOf("=");
  const name = equals < 0 ? arg : arg.slice(0, equals);
  const attached = equals < 0 ? undefined : arg.slice(equals + 1);
  const back = findTakenBack(name);
  const flag = findLong(name.slice(2)) ?? back ?? unknown(name);
  if (takesValue(flag)) {
    store(flag, attached ?? next ?? missing(flag, name), name, values);
    return attached === undefined ? 1 : 0;
  }
  if (attached !== undefined) throw new UsageError(`Option "${name}" takes no value`, { hint: SEE_HELP });
  if (flag === back) values[flag.name] = flag.kind === "count" ? 0 : false;
  else switchOn(flag, values);
  return 0;
}

/** `--no-recursive` for what a configuration file may have switched on. */
function findTakenBack(name: string): Flag | undefined {
  const positive = /^--no[-_](.+)$/.exec(name)?.[1];
  const flag = positive === undefined ? undefined : findLong(positive);
  return flag && canBeTakenBack(flag) ? flag : undefined;
}

function parseBundle(arg: string, next: string | undefined, values: Values): number {
  const chars = [...arg.slice(1)];
  for (const [index, char] of chars.entries()) {
    const flag = findShort(char) ?? unknownShort(char, arg);
    if (!takesValue(flag)) {
      switchOn(flag, values);
      continue;
    }
    const attached = chars.slice(index + 1).join("");
    store(flag, attached || (next ?? missing(flag, "-" + char)), "-" + char, values);
    return attached ? 0 : 1;
  }
  return 0;
}

function switchOn(flag: Flag, values: Values): void {
  values[flag.name] = flag.kind === "count" ? Number(values[flag.name] ?? 0) + 1 : true;
}

function store(flag: Flag, text: string, shown: string, values: Values): void {
  const value = parseFlagValue(flag, text, `Option "${shown}"`);
  if (flag.rule) {
    values.rules = [...(values.rules as FilterRule[] | undefined ?? []), { ...flag.rule, pattern: text }];
    return;
  }
  if (flag.kind !== "list") values[flag.name] = value;
  else values[flag.name] = [...(values[flag.name] as string[] | undefined ?? []), value as string];
}

const SEE_HELP = `"escp --help all" lists the options`;

function missing(flag: Flag, shown: string): never {
  throw new UsageError(`Option "${shown}" needs a value: ${shown} ${flag.argument}`, { hint: SEE_HELP });
}

function unknown(shown: string): never {
  const meant = nearest(shown.slice(2).replaceAll("_", "-"), longNames());
  throw new UsageError(`Unknown option "${escapePath(shown)}"${meant ? `: did you mean "--${meant}"?` : ""}`, {
    hint: SEE_HELP,
  });
}

function unknownShort(char: string, arg: string): never {
  // Someone who writes "-recursive" meant the long option, not a bundle of nine.
  const meant = arg.length > 3 ? longNames().find((name) => name === arg.slice(1).replaceAll("_", "-")) : undefined;
  const place = arg.length > 2 && !meant ? ` in "${escapePath(arg)}"` : "";
  const shown = escapePath(meant ? arg : "-" + char);
  throw new UsageError(`Unknown option "${shown}"${place}${meant ? `: did you mean "--${meant}"?` : ""}`, {
    hint: meant ? SEE_HELP : `${SEE_HELP}; a file whose name begins with "-" is written "./-name" or after "--"`,
  });
}

function longNames(): string[] {
  const shown: readonly Flag[] = FLAGS;
  const names = shown.filter((flag) => !flag.hidden).flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]);
  return [...names, ...shown.filter(canBeTakenBack).map((flag) => `no-${flag.name}`)];
}

/** What the process knows besides its arguments. */
export interface Environment {
  /** The value of an environment variable: `(name) => Deno.env.get(name)`. */
  env: (name: string) => string | undefined;
  /** Whether `C:\x` is a local path: on Windows. */
  driveLetters: boolean;
  /** What the configuration files say. */
  configs?: Configs;
}
