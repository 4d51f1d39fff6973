/** `--clean`: which directories, where, and how they are reached. */

import { settingsFor } from "../../config/effective.ts";
import { UsageError } from "../../errors.ts";
import { type Operand, parseOperand } from "../../ssh/operand.ts";
import type { RawFlags } from "./flags.ts";
import { type HostOptions, hostOptions } from "./host_options.ts";
import { hostKey, hostOf, type RemoteHost } from "./transfers.ts";
import type { Environment } from "./parse_arguments.ts";
import type { ParsedArguments } from "./parse_arguments.ts";
import { completeFlags } from "./settings.ts";

/** Of `--clean`: everything is checked. */
export interface CleanOptions {
  /** The directories by machine, in the order in which these were named. */
  readonly places: readonly CleanPlace[];
  /** What was changed later than so long ago stays. */
  readonly olderThanMs: number;
  /** Nothing is removed, what would be is listed. */
  readonly dryRun: boolean;
  /** Print errors only. */
  readonly quiet: boolean;
  /** How many -v. */
  readonly verbose: number;
  /** Tell programs on stdout what happens. */
  readonly json: boolean;
  /** A file that is appended to. */
  readonly log?: string;
}

/** Directories of one machine. */
export interface CleanPlace {
  /** Undefined: this one. */
  readonly host?: RemoteHost;
  /** As typed; "" stands for the records of the machine. */
  readonly directories: readonly string[];
  readonly options: HostOptions;
}

/** @throws {UsageError} for options that are for something else. */
export function checkClean(flags: RawFlags): void {
  if (!flags.clean) {
    if (flags["older-than"] === undefined) return;
    throw new UsageError('Option "--older-than" is for "--clean", which is missing');
  }
  for (const name of ["install", "doctor", "filelist", "manifest"] as const) {
    if (flags[name] !== undefined) throw new UsageError(`Options "--clean" and "--${name}" exclude each other`);
  }
}

/** @throws {UsageError} */
export function cleanOptions(
  { operands: texts, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): CleanOptions {
  const flagsFor = (host?: RemoteHost) =>
    completeFlags(line, { files: settingsFor(configs, host?.host).options, env, escpOptions: true });
  const groups = new Map<string, Operand[]>();
  for (const text of texts) {
    const operand = parseOperand(text, { driveLetters });
    const key = hostKey(operand);
    groups.set(key, [...groups.get(key) ?? [], operand]);
  }
  const places = Array.from(groups.values(), (group): CleanPlace => {
    const [first] = group;
    const host = first.kind === "remote" ? hostOf(first) : undefined;
    return { host, directories: group.map(({ path }) => path), options: hostOptions(flagsFor(host)) };
  });
  if (places.length === 0) places.push({ directories: [""], options: hostOptions(flagsFor()) });
  const flags = flagsFor(places.find(({ host }) => host)?.host);
  return {
    places,
    olderThanMs: flags["older-than"] * 1000,
    dryRun: flags["dry-run"] ?? false,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? 0,
    json: flags.json ?? false,
    log: flags.log,
  };
}
