/** Options of a sender, on either end. */

import type { SourceRoot, WalkOptions } from "../../files/engine/source.ts";
import type { FileIdentity } from "../../files/stat/file_identity.ts";
import { createFilter, parseFilterRules } from "../../files/walk/filter.ts";
import { IgnoreFiles } from "../../files/walk/ignore_files.ts";
import { fileTest } from "../../files/walk/selection.ts";
import { ShardEntries } from "../../files/walk/shard.ts";
import { TreeDigest } from "../../files/walk/tree_digest.ts";
import { walksLinks } from "../../files/walk/tree_walk.ts";
import { changedMode } from "../../protocol/control/mode_changes.ts";
import type { Session } from "../../session/model/session.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { AgreedOptions } from "../agreed_options.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { TransferEvent } from "../events.ts";
import type { Machine } from "../machine.ts";
import type { ShardSums } from "../shard_sums.ts";

/** A source root and the operand that named it. */
export interface NumberedRoot extends SourceRoot {
  operand: number;
  /** Directories that are copied with their contents, if only listed paths are copied. Default: the root itself. */
  trees?: FileIdentity[];
  /** The path as the user typed it, or a match of a pattern. Only with `relative`. */
  typed?: string;
  /** The target of this root alone. */
  target?: string;
}

/** Session, sources and options of a sender. */
export interface SendOptions {
  session: Session;
  /** Its `files` are those of the sources. */
  machine: Machine;
  job: AgreedOptions;
  roots: NumberedRoot[];
  /** Number of operands that the user named. */
  operands: number;
  /** Number of operands that could not be found or copied. Each failure was reported already. */
  notFound: number;
  /** Paths that are copied, by root. Default: everything in each root. */
  listed?: WalkOptions["listed"];
  /** Checks a symbolic link before the walk follows it. @throws {FileError} to omit it. */
  checkLink?: WalkOptions["checkLink"];
  /** Receives the files in place and their digests; undefined: no digests are computed. */
  listing?: CopyListing;
  /** On the client: receives the sums of split files, or has those of all shards. */
  shards?: ShardSums;
  /** Called with whether the target is the name of the only root, and not the directory that contains it. */
  placed?: (renamed: boolean) => void;
  /** Number of streams. On the remote end the client decides. */
  streams: StreamCount;
  /** Called with the reason why the receiver cannot resume this copy. */
  unresumable?: (reason: string) => void;
  /** Receives all events of this end. */
  emit: (event: TransferEvent) => void;
}

type WalkSettings = Pick<SendOptions, "job" | "listed" | "checkLink" | "roots" | "session" | "machine">;

/** Returns the options of walks over the sources. @throws {UsageError | ProtocolError} for an unusable filter. */
export function walkOptions(
  { job, listed, checkLink, roots, session, machine }: WalkSettings,
): WalkOptions {
  const { recursive, preserve, symlinks, hardlinks, xattrs, acls } = job;
  const rules = parseFilterRules(job.filters);
  const accept = rules.length > 0 ? createFilter(rules) : undefined;
  // Targets of their own may be on several file systems. A relay does not know the features of both ends.
  const mayLink = session.role === "client" ? session.features.includes("link-roots") : job.linkRoots;
  const linkRoots = mayLink && roots.every(({ target }) => target === undefined);
  const select = fileTest(job.select);
  const follow = walksLinks({ symlinks });
  const ignoreFiles = job.select?.ignoreFiles
    ? () => new IgnoreFiles(machine.files.sourceReader(roots, { preserve, follow }), roots)
    : undefined;
  const names = job.deletes ? job.deletesExcluded ? "accepted" as const : "all" as const : undefined;
  const walked = { recursive, preserve, symlinks, hardlinks, xattrs, acls, linkRoots };
  const { chmod } = job;
  const shard = job.shard && new ShardEntries(job.shard);
  const tree = shard && new TreeDigest();
  const changeMode = chmod && ((mode: number, isDirectory: boolean) => changedMode(mode, isDirectory, chmod));
  return { ...walked, changeMode, listed, accept, ignoreFiles, select, names, shard, tree, checkLink };
}
