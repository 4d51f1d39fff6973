/** Options of `--clean`. */

import { settingsFor } from "../../config/effective.ts";
import { UsageError } from "../../errors.ts";
import { type Operand, parseOperand, type RemoteHost } from "../../ssh/operand.ts";
import type { RawFlags } from "./flags.ts";
import { type HostOptions, hostOptions } from "./host_options.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import type { Environment, ParsedArguments } from "./parse_arguments.ts";
import { completeFlags } from "./settings.ts";
import { parseAge } from "./values/time.ts";
import { hostKey, hostOf } from "./transfers.ts";

/** Minimum age of the leftovers to remove, unless the user sets one. */
const DEFAULT_AGE = "1d";

/** A valid clean run. */
export interface CleanOptions {
  /** Directories by machine, in the order in which the machines were first named. */
  readonly places: readonly CleanPlace[];
  /** Minimum age of the leftovers to remove. In milliseconds. */
  readonly olderThanMs: number;
  /** Whether to list leftovers instead of removing them. */
  readonly dryRun: boolean;
  readonly output: OutputOptions;
}

/** Directories of one machine. */
export interface CleanPlace {
  /** Undefined: this machine. */
  readonly host?: RemoteHost;
  /** As typed; "" means all directories that the records of the machine name. */
  readonly directories: readonly string[];
  readonly options: HostOptions;
}

/** @throws {UsageError} for options that exclude each other. */
export function checkClean(flags: RawFlags): void {
  if (!flags.clean) return;
  for (
    const name of [
      "install",
      "upgrade",
      "uninstall",
      "doctor",
      "filelist",
      "files-from",
      "manifest",
      "report",
      "newer-than",
      "shard",
      "shard-report",
      "shard-split",
    ] as const
  ) {
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
  const operands = texts.map((text) => parseOperand(text, { driveLetters }));
  const groups: Iterable<Operand[]> = Map.groupBy(operands, hostKey).values();
  const places = Array.from(groups, (group): CleanPlace => {
    const [first] = group;
    const host = first.kind === "remote" ? hostOf(first) : undefined;
    return { host, directories: group.map(({ path }) => path), options: hostOptions(flagsFor(host)) };
  });
  if (places.length === 0) places.push({ directories: [""], options: hostOptions(flagsFor()) });
  const flags = flagsFor(places.find(({ host }) => host)?.host);
  return {
    places,
    olderThanMs: parseAge(flags["older-than"] ?? DEFAULT_AGE, 'Option "--older-than"') * 1000,
    dryRun: flags["dry-run"] ?? false,
    output: outputOptions(flags),
  };
}
