/** What the user wants copied, and how: the same for every way that it may take. */

import type { WalkOptions } from "../../files/engine/source.ts";
import { createFilter, type FilterRule } from "../../files/walk/filter.ts";
import type { Dummy, JobOptions } from "../../protocol/control/job.ts";

/** Checked already. */
export interface CopyRequest {
  recursive: boolean;
  /** Keep modes and times. */
  preserve: boolean;
  /** Links inside the sources; a source that is a link itself is followed. */
  symlinks: "follow" | "preserve" | "skip";
  /** A file with several names is copied once, and linked. */
  hardlinks: boolean;
  /** Keep extended attributes. */
  xattrs: boolean;
  /** Keep access control lists; with `preserve` only. */
  acls: boolean;
  /** Holes of files stay holes, and pages of zeros become some. */
  sparse: boolean;
  /** Large files may bypass the page cache of whoever writes them. */
  direct: boolean;
  /** Everything is on stable storage before success is reported. */
  fsync: boolean;
  /** What is written is read again on both sides and compared. */
  verify: boolean;
  /** Ends that make up contents, or throw them away. */
  dummy?: Dummy;
  /** Only what is not there yet: told by size and time, or by contents. */
  update?: "times" | "contents";
  /** Nothing is written. */
  dryRun?: boolean;
  /** Most bytes a second over all streams; 0: as fast as it goes. */
  bytesPerSecond: number;
  /** Congestion control of whoever sends. */
  congestion?: string;
  /** Compress what is worth it. */
  compress: boolean;
  /** Bytes of a block of a large file: MIN_BLOCK_BYTES to MAX_BLOCK_BYTES; undefined: BLOCK_BYTES. */
  blockBytes?: number;
  /** Silence of the other side that ends a connection, in milliseconds. */
  timeoutMs: number;
  /** Go on with what an interrupted copy has left, and leave it when this one is interrupted. */
  resume: boolean;
  /** Which paths below the sources are wanted, in the order given. */
  filters: readonly FilterRule[];
  /** A file on the other side that its log is appended to. */
  log?: string;
}

/** For the job that the remote end is told. */
export function jobOptions(
  { filters, xattrs, acls, direct, fsync, verify, dryRun, ...request }: CopyRequest,
  blockBytes: number,
): JobOptions {
  return {
    ...request,
    ...(xattrs ? { xattrs } : {}),
    ...(acls ? { acls } : {}),
    ...(direct ? {} : { direct }),
    ...(fsync ? { fsync } : {}),
    ...(verify ? { verify } : {}),
    ...(dryRun ? { dryRun } : {}),
    filters: [...filters],
    blockBytes,
    salt: crypto.randomUUID(),
  };
}

/** For the walk on the sending side. @throws {UsageError} for a filter that cannot be used. */
export function walkOptions(
  { recursive, preserve, symlinks, hardlinks, xattrs, acls, filters }:
    & Pick<CopyRequest, "recursive" | "preserve" | "symlinks" | "hardlinks" | "filters">
    & Pick<JobOptions, "xattrs" | "acls">,
): WalkOptions {
  return {
    recursive,
    preserve,
    symlinks,
    hardlinks,
    xattrs,
    acls,
    accept: filters.length > 0 ? createFilter(filters) : undefined,
  };
}
