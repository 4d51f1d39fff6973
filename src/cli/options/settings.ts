/** Values of options from the command line, ESCP_OPTIONS, variables of single options, configuration files and defaults. */

import { UsageError, UserError } from "../../errors.ts";
import type { KeyTable } from "../../config/config.ts";
import { configPaths, type Configs, readConfigs } from "../../config/files.ts";
import { mergeOptions } from "../../config/merge_options.ts";
import { splitOptionWords } from "../../config/option_words.ts";
import { type Flag, isNegatable, isSetting } from "./flag.ts";
import { parseFlagValue } from "./values/flag_value.ts";
import { type DefaultFlags, findLong, FLAGS, type RawFlags } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { parseArguments } from "./parse_arguments.ts";

type ReadVariable = (name: string) => string | undefined;

/** Keys of configuration files. */
export const KEYS: KeyTable = {
  known: FLAGS.filter(isSetting),
  parseValue: parseFlagValue,
  nearest,
};

/** Reads the configuration files of this machine. @throws {UsageError} naming file, line and key. */
export function readSettings(env: ReadVariable): Promise<Configs> {
  return readConfigs(configPaths(env, Deno.build.os === "windows"), KEYS);
}

const DEFAULTS = Object.fromEntries(
  FLAGS.filter((flag) => flag.default !== undefined).map((flag) => [flag.name, flag.default]),
) as DefaultFlags;

/** Values of options after defaults and implied options are filled in. */
export type CompleteFlags = RawFlags & DefaultFlags & ImpliedFlags & SwitchedOff;

interface SwitchedOff {
  /** Names of the switches that the user has switched off, as opposed to those that were not given. */
  readonly switchedOff: readonly string[];
}

type ImpliedFlags =
  & Required<Pick<RawFlags, "recursive" | "preserve" | "symlinks" | "hardlinks" | "sparse">>
  & Pick<RawFlags, "update" | "delete" | "no-target-directory">;

/**
 * Merges the places that options can come from. In order of precedence: the command line, ESCP_OPTIONS, variables of single
 * options, configuration files, defaults.
 *
 * @param places.files values from configuration files.
 * @param places.escpOptions whether ESCP_OPTIONS is read.
 */
export function completeFlags(
  line: RawFlags,
  { files, env, escpOptions }: { files: RawFlags; env: ReadVariable; escpOptions: boolean },
): CompleteFlags {
  const words = escpOptions ? optionsOfEnvironment(env("ESCP_OPTIONS")) : {};
  const layers: RawFlags[] = [DEFAULTS, files, singleOptions(env), words, line];
  const flags = layers.reduce((earlier, later) => mergeOptions(earlier, later)) as RawFlags & DefaultFlags;
  const switchedOff = FLAGS.filter((flag) => isOff(flag, flags)).map(({ name }) => name);
  return { ...flags, ...impliedFlags(flags), switchedOff };
}

function isOff(flag: Flag, flags: RawFlags): boolean {
  const value = flags[flag.name as keyof RawFlags];
  return isNegatable(flag) && (value === false || value === 0);
}

/** Returns the options that -a, --acls, --mirror and --delete-excluded imply, unless they are given. */
function impliedFlags({ mirror, archive = mirror ?? false, acls = false, ...flags }: RawFlags): ImpliedFlags {
  return {
    update: flags.update ?? mirror,
    delete: flags.delete ?? mirror ?? flags["delete-excluded"],
    "no-target-directory": flags["no-target-directory"] ?? mirror,
    recursive: flags.recursive ?? archive,
    // An access control list contains the permissions: setting one changes the other.
    preserve: flags.preserve ?? (archive || acls || flags.chown !== undefined),
    symlinks: flags.symlinks ?? (archive ? "preserve" : "follow"),
    hardlinks: flags.hardlinks ?? archive,
    sparse: flags.sparse ?? archive,
  };
}

/** Returns the values of variables of single options, such as ESCP_ENGINE. */
function singleOptions(env: ReadVariable): RawFlags {
  const values: Record<string, string | number> = {};
  for (const flag of FLAGS) {
    const text = flag.env && env(flag.env);
    if (text) values[flag.name] = parseFlagValue(flag, text, flag.env!);
  }
  return values as RawFlags;
}

/**
 * Returns the options in the value of ESCP_OPTIONS, which is split into words as a shell does.
 *
 * @throws {UsageError} for a word that is not an option, and for options that apply to a single run.
 */
function optionsOfEnvironment(text: string | undefined): RawFlags {
  if (!text) return {};
  const { flags, operands, afterDashes } = parse(splitOptionWords(text));
  if (operands.length > 0 || afterDashes !== undefined) {
    throw new UsageError(`ESCP_OPTIONS must contain options only, not "${operands[0] ?? "--"}"`);
  }
  const once = Object.keys(flags).find((name) => findLong(name)?.once);
  if (once) throw new UsageError(`ESCP_OPTIONS cannot contain "--${once}": it is for a single run`);
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
