import { escapePath, quotePath, UsageError } from "../../errors.ts";
import type { FilterRule } from "../../files/walk/filter.ts";
import { type Flag, isNegatable, takesValue } from "./flag.ts";
import { parseFlagValue } from "./values/flag_value.ts";
import { BUNDLED_HELP, foreignAnswer } from "./foreign_options.ts";
import { findLong, findShort, FLAGS, type RawFlags } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { RuleFile } from "./values/rule_file.ts";
import type { Configs } from "../../config/files.ts";

/** A parsed command line. */
export interface ParsedArguments {
  /** Options that were given. If an option has one value, the last one counts. */
  flags: RawFlags;
  /** All other arguments, in order. */
  operands: string[];
  /** Number of operands after "--"; undefined without "--". */
  afterDashes?: number;
  /** Hint for a missing operand, which an option may have taken as its value; undefined if none may have. */
  takenOperand?: string;
}

/**
 * Parses a command line like GNU getopt: `-rpq`, `-P22`, `-P 22`, `--port=22`, `--port 22`, options before or after operands. `--`
 * ends the options, a lone `-` is an operand. `--no-NAME` clears a switch that was set before, on the line or elsewhere. `help` and
 * `help all` mean `--help` and `--help all` if nothing else is given.
 *
 * @throws {UsageError} for an unknown option, and for a missing, unexpected or invalid value.
 */
export function parseArguments(given: readonly string[]): ParsedArguments {
  const args = isHelpCommand(given) ? ["--help", ...given.slice(1)] : given;
  const values: Values = {};
  const operands: string[] = [];
  let afterDashes: number | undefined;
  let takenOperand: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      afterDashes = args.length - at - 1;
      break;
    }
    const next: string | undefined = args[at + 1];
    if (arg.startsWith("--")) at += parseLong(arg, next, values);
    else if (arg.startsWith("-") && arg !== "-") {
      const used = parseBundle(arg, next, values);
      if (used > 0) takenOperand ??= hintOfTaken([...arg.slice(1)], next);
      at += used;
    } else operands.push(arg);
  }
  return { flags: values as RawFlags, operands, afterDashes, ...takenOperand && { takenOperand } };
}

/** Matches exact command lines only, so that `escp help host:` copies a file of that name. */
function isHelpCommand([first, second, ...rest]: readonly string[]): boolean {
  return first === "help" && (second === undefined || second === "all") && rest.length === 0;
}

type Rule = FilterRule | RuleFile;
type Values = Record<string, boolean | number | string | string[] | Rule[]>;

/** Like parseBundle, returns the number of arguments that it used after the first: 0 or 1. */
function parseLong(arg: string, next: string | undefined, values: Values): number {
  const equals = arg.indexOf("=");
  const name = equals < 0 ? arg : arg.slice(0, equals);
  const attached = equals < 0 ? undefined : arg.slice(equals + 1);
  const negated = findNegated(name);
  const flag = findLong(name.slice(2)) ?? negated ?? unknown(name);
  if (takesValue(flag)) {
    store(flag, attached ?? next ?? missing(flag, name), name, values);
    return attached === undefined ? 1 : 0;
  }
  if (attached !== undefined) throw new UsageError(`Option "${name}" takes no value`, { hint: SEE_HELP });
  if (flag === negated) values[flag.name] = flag.kind === "count" ? 0 : false;
  else switchOn(flag, values);
  return 0;
}

/** Returns the row of `--no-NAME`. */
function findNegated(name: string): Flag | undefined {
  const positive = /^--no[-_](.+)$/.exec(name)?.[1];
  const flag = positive === undefined ? undefined : findLong(positive);
  return flag && isNegatable(flag) ? flag : undefined;
}

function parseBundle(arg: string, next: string | undefined, values: Values): number {
  const chars = [...arg.slice(1)];
  for (const [index, char] of chars.entries()) {
    const flag = (isBundledHelp(char, chars) ? undefined : findShort(char)) ?? unknownShort(char, arg);
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

/**
 * Returns a hint if the last option of a bundle such as "-ac" took the next argument, but the option of another tool takes none.
 * One that stands alone, as in "-i key", is written by users of scp.
 */
function hintOfTaken(chars: readonly string[], next: string): string | undefined {
  const char = chars.at(-1)!;
  const flag = findShort(char);
  // A number is not meant as an operand.
  if (chars.length < 2 || !flag?.hint || (flag.kind !== "string" && flag.kind !== "list")) return undefined;
  return `-${char} took ${quotePath(next)} as its value; ${flag.hint}`;
}

/** Returns whether "h" is that of rsync -avh: printing the help instead of copying would surprise. */
function isBundledHelp(char: string, chars: readonly string[]): boolean {
  return char === "h" && chars.length > 1;
}

function switchOn(flag: Flag, values: Values): void {
  values[flag.name] = flag.kind === "count" ? Number(values[flag.name] ?? 0) + 1 : true;
}

function store(flag: Flag, text: string, shown: string, values: Values): void {
  const value = parseFlagValue(flag, text, `Option "${shown}"`);
  if (flag.rule || flag.ruleFile) {
    const rule = flag.ruleFile ? new RuleFile(flag.ruleFile, text) : { ...flag.rule!, pattern: text };
    values.rules = [...(values.rules as Rule[] | undefined ?? []), rule];
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
  const answer = foreignAnswer(shown.slice(2));
  if (answer !== undefined) {
    throw new UsageError(`Unknown option "${escapePath(shown)}": ${answer}`, { hint: SEE_HELP });
  }
  const meant = nearest(shown.slice(2).replaceAll("_", "-"), longNames());
  throw new UsageError(`Unknown option "${escapePath(shown)}"${meant ? `: did you mean "--${meant}"?` : ""}`, {
    hint: SEE_HELP,
  });
}

function unknownShort(char: string, arg: string): never {
  // "-recursive" is meant as the long option, not as a bundle of nine.
  const meant = arg.length > 3 ? longNames().find((name) => name === arg.slice(1).replaceAll("_", "-")) : undefined;
  const place = arg.length > 2 && !meant ? ` in "${escapePath(arg)}"` : "";
  const shown = escapePath(meant ? arg : "-" + char);
  const answer = meant ? `did you mean "--${meant}"?` : char === "h" ? BUNDLED_HELP : foreignAnswer(char);
  throw new UsageError(`Unknown option "${shown}"${place}${answer === undefined ? "" : `: ${answer}`}`, {
    hint: meant || answer ? SEE_HELP : `${SEE_HELP}; write a file name that starts with "-" as "./-name" or after "--"`,
  });
}

function longNames(): string[] {
  const names = FLAGS.filter((flag) => !flag.hidden).flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]);
  return [...names, ...FLAGS.filter(isNegatable).map((flag) => `no-${flag.name}`)];
}

/** Inputs of the command line besides the arguments. */
export interface Environment {
  /** Returns the value of an environment variable: `(name) => Deno.env.get(name)`. */
  env: (name: string) => string | undefined;
  /** Whether `C:\x` is a local path, as on Windows. */
  driveLetters: boolean;
  /** Parsed configuration files. */
  configs?: Configs;
}
