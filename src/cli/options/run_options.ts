/** Options of a copy run, from the command line and the configuration. */

import type { Settings } from "../../config/config.ts";
import { settingsFor } from "../../config/effective.ts";
import { UsageError } from "../../errors.ts";
import { joinPath, PATH_STYLE } from "../../files/path/local_path.ts";
import { type Operand, parseOperand } from "../../ssh/operand.ts";
import { USAGE } from "../help/texts.ts";
import type { FileList } from "./values/file_list.ts";
import type { RawFlags } from "./flags.ts";
import { hostAccess, type HostOptions, hostOptions } from "./host_options.ts";
import { type OutputOptions, outputOptions } from "./output_options.ts";
import type { Environment, ParsedArguments } from "./parse_arguments.ts";
import { checkOptions, standardStreams } from "./run_checks.ts";
import { completeFlags } from "./settings.ts";
import {
  checkShard,
  commonOptions,
  flagsOfShard,
  operandOfShard,
  type ShardRun,
  withoutDeletion,
} from "./shard_options.ts";
import { planTransfers, type Source, type Transfer } from "./transfers.ts";
import { RuleFile } from "./values/rule_file.ts";
import { parseShardNumber } from "./values/shard.ts";

/** A valid copy run. */
export interface RunOptions extends Pick<Settings, "cpumask" | "nodemask"> {
  /** Empty only if there is a list. */
  readonly sources: readonly Source[];
  /** Undefined only if there is a list, whose entries may have targets of their own. */
  readonly target?: Operand;
  /** Whether local sources may be patterns or begin with "~", because no shell on this machine has expanded them. */
  readonly expand: boolean;
  /** List of additional sources. */
  readonly fileList?: FileList;
  /** List of the paths in the only source that are copied. */
  readonly filesFrom?: FileList;
  /** Its paths. Undefined until it is read. */
  readonly listed?: readonly string[];
  /** Whether escp runs on the source host if both hosts are remote. */
  readonly fromOrigin: boolean;
  /** One transfer per pair of hosts. Empty until the list is read. */
  readonly transfers: readonly Transfer[];
  /** Options of the first remote host. */
  readonly host: HostOptions;
  /** Options of a single transfer, if the configuration has entries for hosts. */
  readonly ofHosts?: (transfer: Transfer) => HostOptions;
  /** Whether the source is standard input: "-", or no source before "--". */
  readonly fromInput: boolean;
  /** Whether the target is standard output, "-", or another open descriptor of this process. */
  readonly toOutput: boolean;
  /** Descriptor of this process that `toOutput` means: 1, or the one that the target names, as "/dev/fd/3". */
  readonly outputDescriptor: number;
  /** Path of a local file for the digests of copied files. */
  readonly manifest?: string;
  /** The share of the copy that this process copies. Default: all of it. */
  readonly shard?: ShardRun;
  readonly output: OutputOptions;
}

/** @throws {UsageError} */
export function runOptions(
  { operands: given, afterDashes, takenOperand, flags: line }: ParsedArguments,
  { env, driveLetters, configs = {} }: Environment,
): RunOptions {
  const { fileList, filesFrom } = listsOf(line);
  // Like fastscp: `cmd | escp -- host:file`.
  const texts = given.length === 1 && afterDashes === 1 && !fileList ? ["-", ...given] : given;
  if (texts.length < 2 && !fileList) {
    const problem = texts.length === 0 ? "Nothing to copy" : "The target is missing";
    throw new UsageError(`${problem}: a source and a target are needed`, {
      hint: `${USAGE}; ${takenOperand ?? 'see "escp --help"'}`,
    });
  }
  const shard = line.shard === undefined ? undefined : parseShardNumber(line.shard, env);
  const operands = texts.map((text) => parseOperand(operandOfShard(text, shard), { driveLetters }));
  const target = operands.pop();
  const flagsFor = (host?: { host: string }) => {
    const { options: files } = settingsFor(configs, host?.host);
    const flags = completeFlags(line, { files, env, escpOptions: true });
    return shard ? flagsOfShard(flags, shard) : flags;
  };
  const first = [target, ...operands].find((operand) => operand?.kind === "remote");
  const flags = flagsFor(first);
  if (flags["through-here"] && flags["from-origin"]) throw new UsageError('Options "-3" and "-R" exclude each other');
  const { cpumask, nodemask } = settingsFor(configs, first?.host);
  const hasHosts = [configs.system, configs.user].some((config) => config && config.hosts.length > 0);
  const ofHosts = ({ remote, origin }: Transfer): HostOptions => ({
    // -n applies to the whole run: its report counts either copied or planned files.
    ...hostOptions({ ...withoutDeletion(flagsFor(remote), shard), "dry-run": flags["dry-run"] }),
    originAccess: origin && hostAccess(flagsFor(origin)),
  });
  const fromOrigin = flags["from-origin"] ?? false;
  const sources = operands.map((operand): Source => ({
    operand: filesFrom ? contentsOf(operand) : operand,
    literal: false,
  }));
  const transfers = fileList ? [] : planTransfers(sources, target, { fromOrigin });
  const streams = standardStreams(operands, target, flags);
  checkShard(flags, transfers, streams);
  checkOptions(flags, transfers, streams);
  const options = hostOptions(withoutDeletion(flags, shard));
  return {
    sources,
    target,
    ...streams,
    expand: flags["local-patterns"] ?? false,
    fileList,
    filesFrom,
    fromOrigin,
    transfers,
    host: options,
    ofHosts: hasHosts ? ofHosts : undefined,
    cpumask,
    nodemask,
    manifest: flags.manifest,
    shard: shard &&
      { number: shard, reports: flags["shard-report"], copy: commonOptions(flags, options.request) },
    output: outputOptions(flags),
  };
}

/** Returns the lists that the options name. @throws {UsageError} */
function listsOf(
  { filelist, "files-from": from, null: nul = false, rules = [] }: RawFlags,
): { fileList?: FileList; filesFrom?: FileList } {
  if (filelist !== undefined && from !== undefined) {
    throw new UsageError('Options "--filelist" and "--files-from" exclude each other');
  }
  if (filelist !== undefined) return { fileList: { file: filelist, nul } };
  if (from !== undefined) return { filesFrom: { file: from, nul } };
  if (nul) {
    const ruleFile = rules.find((rule) => rule instanceof RuleFile);
    if (ruleFile) {
      throw new UsageError(`Option "-0" applies to "--filelist" and "--files-from", not to "${ruleFile.option}"`, {
        hint: "Write one rule per line",
      });
    }
    throw new UsageError('Option "-0" applies to the names in a list: "--filelist" or "--files-from" is missing');
  }
  return {};
}

/** Returns the operand of the contents of a directory. An empty path is the home directory. */
function contentsOf(operand: Operand): Operand {
  if (operand.kind === "local" && operand.path === "-") return operand;
  return {
    ...operand,
    path: operand.path === "" ? "." : joinPath(operand.path, ".", operand.kind === "local" ? PATH_STYLE : "posix"),
  };
}
