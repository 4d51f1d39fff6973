/** Looks at what is below the targets, without making anything there: for updates and dry runs. */

import type { RecordCursor } from "../../protocol/data/records.ts";
import type { RangeReader } from "./source.ts";
import type { TargetOptions } from "./target.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { type Attributes, FileKind, type FileStat } from "../stat/file_stat.ts";
import { preservedMode } from "../stat/target_mode.ts";

/** See above; one per thread. It has a current directory, and in it the entry that was looked at last. */
export interface TargetComparer {
  /** What `look` has found. Reused. */
  readonly stat: FileStat;
  /**
   * Makes the directory bytes[start, end), relative to the root, the current one. A NUL stands at bytes[end].
   *
   * @returns whether it is there.
   * @throws {FileError} act "create", when something else has its name; a symbolic link is never followed.
   * @throws {ProtocolError} when the root is a file and the path is not "".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean;
  /**
   * Looks at what has the name of the record in the current directory.
   *
   * @returns whether anything has.
   * @throws {FileError} act "examine".
   */
  look(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean;
  /** What the user would call the entry that was looked at last. */
  readonly path: string;
  /** Whether it is the link that the symlink or hardlink record wants. */
  isLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Opens it, a regular file. @throws {FileError} act "read" */
  open(): RangeReader;
  /**
   * Gives it, a regular file, those attributes that differ, as far as the options want them; and all of the extended ones.
   *
   * @param xattrs as a block (xattrs.ts).
   * @throws {FileError}
   */
  bringUpToDate(attributes: Attributes, xattrs?: Uint8Array): void;
  /** With `keepBackups`: it is what it should be, and what it has replaced is not needed any more; never fails. */
  dropBackup(): void;
  /** With `keepBackups`: returns the identity of its backup; undefined if there is none. */
  backup(): FileIdentity | undefined;
  /**
   * With `keepBackups`: it is not what it should be. What it has replaced has its name again, or else nothing has.
   *
   * @param kept identity that its backup must have; undefined if no backup is known.
   * @returns the name that it has now, in its directory; the same when it has that already.
   * @throws {FileError} act "rename"
   */
  revert(kept: FileIdentity | undefined): string;
  close(): void;
}

/**
 * Whether two modification times are one, as far as the coarser of them tells: file systems and `Deno.*` cut them to
 * 100 ns, microseconds, milliseconds or seconds.
 */
export function isSameTime(one: Attributes, other: Attributes): boolean {
  if (one.mtime !== other.mtime) return false;
  if (one.mtimeNs === other.mtimeNs) return true;
  const coarse = Math.min(one.mtimeNs, other.mtimeNs);
  const fine = Math.max(one.mtimeNs, other.mtimeNs);
  return TIME_STEPS.some((step) => coarse % step === 0 && fine - coarse < step);
}

/** Nanoseconds. */
const TIME_STEPS = [100, 1_000, 1_000_000, 1_000_000_000] as const;

/**
 * Which attributes of a file differ from those that it shall have. The time of the last access does not count: reading
 * changes it.
 *
 * @param user who this process is, where that is known: only root gives files away.
 */
export function differingAttributes(
  is: FileStat,
  wanted: Attributes,
  { preserve, keepTimes }: TargetOptions,
  user: number | null,
): { owner: boolean; mode: boolean; time: boolean } {
  const time = (preserve || keepTimes === true) && !isSameTime(is, wanted);
  if (!preserve || is.kind !== FileKind.file) return { owner: false, mode: false, time };
  const owner = user !== null && (is.gid !== wanted.gid || (user === 0 && is.uid !== wanted.uid));
  const isOwn = is.uid === wanted.uid && is.gid === wanted.gid;
  return { owner, mode: owner || is.mode !== preservedMode(wanted.mode, isOwn), time };
}
