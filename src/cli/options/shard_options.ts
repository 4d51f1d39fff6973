/** `--shard`: one of several processes that copy a tree together. */

import { UsageError } from "../../errors.ts";
import { SPLIT_UNIT_BYTES } from "../../protocol/control/shard.ts";
import { operandsOfHosts } from "../../ssh/host_list.ts";
import { type CopyRequest } from "../../transfer/client/copy_request.ts";
import type { RawFlags } from "./flags.ts";
import { parseDummy } from "./host_options.ts";
import type { StandardStreams } from "./run_checks.ts";
import type { CompleteFlags } from "./settings.ts";
import type { Transfer } from "./transfers.ts";
import type { ShardNumber } from "./values/shard.ts";

/** Default of `--shard-split`. */
const DEFAULT_SPLIT = 2 ** 30;

/** A shard of a copy, or the run that finishes all shards. */
export interface ShardRun {
  readonly number: ShardNumber;
  /** Directory of the reports. Undefined only in a dry run of a shard. */
  readonly reports?: string;
  /** Options of the copy that are the same in all of its shards: JSON values by name. */
  readonly copy: Readonly<Record<string, unknown>>;
}

/**
 * Returns the operand of a shard: shard I uses host I modulo M of a list of M hosts. The run that finishes uses the first.
 *
 * @throws {UsageError} for a list of hosts without a shard.
 */
export function operandOfShard(text: string, shard: ShardNumber | undefined): string {
  const hosts = operandsOfHosts(text);
  if (!hosts) return text;
  if (!shard) {
    throw new UsageError(`Cannot use a list of ${hosts.length} hosts without "--shard": each shard uses one of them`, {
      hint: "Name one host, or copy with --shard I/N",
    });
  }
  return hosts[(shard.index ?? 0) % hosts.length];
}

/** Returns the options of a shard as the user gave them. The target is the copy of the source. */
export function flagsOfShard(flags: CompleteFlags, { index, count }: ShardNumber): CompleteFlags {
  return { ...flags, shard: `${index ?? "finish"}/${count}`, "no-target-directory": true };
}

/** Returns checked options of a run: only the run that finishes all shards deletes. */
export function withoutDeletion(flags: CompleteFlags, shard: ShardNumber | undefined): CompleteFlags {
  if (shard?.index === undefined) return flags;
  return { ...flags, delete: undefined, "delete-excluded": undefined, "max-delete": undefined };
}

/** Checks the options of a shard. @throws {UsageError} for options that do not apply to a shard, or need one. */
export function checkShard(flags: RawFlags, transfers: readonly Transfer[], streams: StandardStreams): void {
  const split = flags["shard-split"] ?? DEFAULT_SPLIT;
  if (flags.shard === undefined) {
    const own = flags["shard-report"] !== undefined ? "shard-report" : split !== DEFAULT_SPLIT && "shard-split";
    if (own) throw new UsageError(`Option "--${own}" needs "--shard"`);
    return;
  }
  if (split % SPLIT_UNIT_BYTES !== 0) {
    throw new UsageError(`Option "--shard-split" must be a multiple of 1M, not ${split}`);
  }
  const refuse = (combination: string, reason: string, hint?: string) => {
    throw new UsageError(`Cannot use "--shard" ${combination}: ${reason}`, { hint });
  };
  if (streams.fromInput || streams.toOutput) {
    refuse(`with standard ${streams.fromInput ? "input" : "output"}`, "it cannot be divided");
  }
  if (flags.filelist !== undefined) {
    refuse('with "--filelist"', "the target is the copy of one source", "Use --files-from");
  }
  if (flags.relative) refuse('with "--relative"', "the target is the copy of one source");
  if (transfers.length !== 1 || transfers[0].sources.length !== 1) {
    refuse("with several sources", "the target is the copy of one source");
  }
  const { direction } = transfers[0];
  if (direction === "relay" || direction === "origin") {
    refuse("between two remote hosts", "this machine cannot report what they copy", "Run escp on one of them");
  }
  if (flags["remove-source-files"]) refuse('with "--remove-source-files"', "the copy is complete only at its end");
  if (flags.manifest !== undefined) refuse('with "--manifest"', "no shard has all files");
  if (flags.inplace) refuse('with "--inplace"', "shards write files under temporary names");
  if (flags["link-dest"]) refuse('with "--link-dest"', "the files of a shard are not compared with snapshots");
  if (parseDummy(flags.ioengine)) refuse('with "--ioengine dummy"', "nothing is copied");
  const isFinish = flags.shard.startsWith("finish/");
  if (flags["shard-report"] !== undefined || (flags["dry-run"] && !isFinish)) return;
  throw new UsageError('Option "--shard" needs "--shard-report": the run that finishes the copy reads the reports', {
    hint: "Add --shard-report DIR with a new directory that all shards share",
  });
}

/** Properties of a request that all shards must have in common. */
const COMMON = [
  ...["recursive", "preserve", "symlinks", "hardlinks", "sparse", "xattrs", "acls", "update", "delta"],
  ...["skipExisting", "onlyExisting", "backup", "verify", "filters", "chmod", "numericIds", "chown", "dirlinks"],
] as const satisfies readonly (keyof CopyRequest)[];

/** Times relative to the start of each shard differ, so they are compared as they are written. */
const COMMON_FLAGS = ["min-size", "max-size", "newer-than", "older-than", "exclude-ignore-files"] as const;

/** Returns the options of a copy that its shards have in common. */
export function commonOptions(flags: CompleteFlags, request: CopyRequest): Record<string, unknown> {
  const entries = [
    ...COMMON.map((name) => [name, request[name]]),
    ["split", request.shard?.splitBytes],
    ...COMMON_FLAGS.map((name) => [name, flags[name]]),
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== false));
}
