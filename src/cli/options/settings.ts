/** Where options come from besides the command line: configuration files and ESCP_OPTIONS. */

import { UsageError, UserError } from "../../errors.ts";
import type { KeyTable } from "../../config/config.ts";
import { configPaths, type Configs, readConfigs } from "../../config/config_files.ts";
import { mergeOptions } from "../../config/merge_options.ts";
import { splitOptionWords } from "../../config/option_words.ts";
import { type Flag, isSetting } from "./flag.ts";
import { parseFlagValue } from "./flag_value.ts";
import { findLong, FLAGS, type RawFlags } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { parseArguments } from "./parse_arguments.ts";

type Environment = (name: string) => string | undefined;

/** The keys of configuration files. */
export const KEYS: KeyTable = {
  known: (FLAGS as readonly Flag[]).filter(isSetting),
  parseValue: parseFlagValue,
  nearest,
};

/** What the configuration files of this machine say. @throws {UsageError} naming file, line and key. */
export function readSettings(env: Environment): Promise<Configs> {
  return readConfigs(configPaths(env, Deno.build.os === "windows"), KEYS);
}

/** The values that hold when nothing else was said, from the table. */
const DEFAULTS = Object.fromEntries(
  (FLAGS as readonly Flag[]).filter((flag) => flag.default !== undefined).map((flag) => [flag.name, flag.default]),
) as Required<
  Pick<
    RawFlags,
    | "retries"
    | "tunnel"
    | "timeout"
    | "cipher"
    | "engine"
    | "ssh"
    | "remote-path"
    | "bootstrap"
    | "doctor-time"
    | "older-than"
  >
>;

/** Options with those that nobody named. */
export type CompleteFlags = RawFlags & typeof DEFAULTS;

/**
 * What holds: the command line, before it ESCP_OPTIONS where it counts, variables of single options, configuration files,
 * defaults.
 */
export function completeFlags(
  line: RawFlags,
  { files, env, escpOptions }: { files: RawFlags; env: Environment; escpOptions: boolean },
): CompleteFlags {
  const words = escpOptions ? optionsOfEnvironment(env("ESCP_OPTIONS")) : {};
  const layers: RawFlags[] = [DEFAULTS, files, singleOptions(env), words, line];
  return layers.reduce((earlier, later) => mergeOptions(earlier, later)) as CompleteFlags;
}

/** ESCP_ENGINE and its like. */
function singleOptions(env: Environment): RawFlags {
  const values: Record<string, string | number> = {};
  for (const flag of FLAGS as readonly Flag[]) {
    const text = flag.env && env(flag.env);
    if (text) values[flag.name] = parseFlagValue(flag, text, flag.env!);
  }
  return values as RawFlags;
}

/**
 * The options in the value of ESCP_OPTIONS, words as a shell divides them.
 *
 * @throws {UsageError} for what is no option, or is for a single run only.
 */
function optionsOfEnvironment(text: string | undefined): RawFlags {
  if (!text) return {};
  const { flags, operands, afterDashes } = parse(splitOptionWords(text));
  if (operands.length > 0 || afterDashes !== undefined) {
    throw new UsageError(`ESCP_OPTIONS must hold options only, not "${operands[0] ?? "--"}"`);
  }
  const once = Object.keys(flags).find((name) => findLong(name)?.once);
  if (once) throw new UsageError(`ESCP_OPTIONS cannot hold "--${once}": it is for a single run`);
  return flags;
}

function parse(words: readonly string[]) {
  try {
    return parseArguments(words);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UsageError(`ESCP_OPTIONS: ${error.message}`, { hint: error.hint, cause: error });
  }
}
