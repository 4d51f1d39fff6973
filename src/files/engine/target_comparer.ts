/** Examines existing targets without creating anything, for updates, verification and dry runs. */

import { ItemChange } from "../../protocol/data/item_changes.ts";
import type { RecordCursor } from "../../protocol/data/records.ts";
import type { RangeReader } from "./source.ts";
import type { TargetOptions } from "./target_options.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { type Attributes, FileKind, type FileStat } from "../stat/file_stat.ts";
import { preservedMode } from "../stat/target_mode.ts";

/** Compares targets with records; one per thread. It has a current directory, and a current entry in it. */
export interface TargetComparer {
  /** Status of the current entry. Reused. */
  readonly stat: FileStat;
  /**
   * Enters the directory bytes[start, end), relative to the root. A NUL must follow at bytes[end].
   *
   * @returns Whether the directory exists.
   * @throws {FileError} Operation "create", if the path is not a directory; a symbolic link is never followed.
   * @throws {ProtocolError} If the root is a file and the path is not "".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean;
  /** Returns whether the directory of the last `enter`, which does not exist, will replace an entry of another kind. */
  replacesEntry(): boolean;
  /**
   * Examines the entry of a record in the current directory.
   *
   * @returns Whether it exists.
   * @throws {FileError} Operation "examine".
   */
  examine(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Path of the current entry, for messages. */
  readonly path: string;
  /** Returns whether the current entry is the source of the record, under this or another name. */
  isSource(cursor: RecordCursor): boolean;
  /** Returns whether the current entry is the link of a symlink or hardlink record. */
  isLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Opens the current entry, a regular file. @throws {FileError} Operation "read". */
  open(): RangeReader;
  /** Returns whether the current entry, a regular file, has all attributes that the options include. */
  hasAttributes(attributes: Attributes): boolean;
  /** Returns whether the current entry, a regular file, belongs to the user to whom its copy would belong. */
  hasOwner(attributes: Attributes): boolean;
  /**
   * Returns whether a user who can rename entries in the current directory may have moved the current entry, a regular file,
   * there: its owner is neither that of the directory nor that of the source. A change of the owner could then give the
   * contents to that user.
   */
  mayBeMoved(attributes: Attributes): boolean;
  /** Returns the differences of the current entry from a record: bits of `ItemChange`. */
  changes(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number;
  /** As `changes`, of the current directory. */
  directoryChanges(cursor: RecordCursor): number;
  /**
   * Sets the attributes of the current entry, a regular file, that differ and that the options include. All extended
   * attributes are set.
   *
   * @param xattrs Extended attributes as a block (xattrs.ts).
   * @throws {FileError}
   */
  updateAttributes(attributes: Attributes, xattrs?: Uint8Array): void;
  /** Flushes the current entry to disk if it is a regular file. @throws {FileError} */
  sync(): void;
  /** With `keepBackups`: removes the backup of the current entry, which is verified; never fails. */
  dropBackup(): void;
  /** With `keepBackups`: returns the identity of the backup of the current entry; undefined if there is none. */
  backup(): FileIdentity | undefined;
  /**
   * With `keepBackups`: renames the current entry, whose verification failed, and restores its backup if there is one.
   *
   * @param kept Identity that the backup must have; undefined if no backup is known.
   * @returns New name of the current entry, in the same directory; even if it already has that name.
   * @throws {FileError} Operation "rename".
   */
  revert(kept: FileIdentity | undefined): string;
  close(): void;
}

/**
 * Returns whether two modification times are equal in the resolution of the coarser one. File systems and `Deno.*` cut
 * times to 100 ns, microseconds, milliseconds or seconds.
 */
export function isSameTime(one: Attributes, other: Attributes): boolean {
  if (one.mtime !== other.mtime) return false;
  if (one.mtimeNs === other.mtimeNs) return true;
  const coarse = Math.min(one.mtimeNs, other.mtimeNs);
  const fine = Math.max(one.mtimeNs, other.mtimeNs);
  return TIME_STEPS.some((step) => coarse % step === 0 && fine - coarse < step);
}

/** Resolutions of times, in nanoseconds. */
const TIME_STEPS = [100, 1_000, 1_000_000, 1_000_000_000] as const;

/** Returns the attributes that differ from the source, and that the options include: bits of `ItemChange`. */
export function attributeChanges(
  target: FileStat,
  source: Attributes,
  { preserve, keepTimes }: TargetOptions,
  user: number | null,
): number {
  const isFile = target.kind === FileKind.file;
  const keepsTime = preserve || (isFile && keepTimes === true);
  const time = keepsTime && !isSameTime(target, source) ? ItemChange.time : 0;
  if (!preserve) return time;
  const isOwn = target.uid === source.uid && target.gid === source.gid;
  const mode = target.kind !== FileKind.symlink && target.mode !== preservedMode(source.mode, isOwn);
  return time | (mode ? ItemChange.mode : 0) |
    (user === 0 && target.uid !== source.uid ? ItemChange.user : 0) |
    (user !== null && target.gid !== source.gid ? ItemChange.group : 0);
}

/** Attributes of a target that differ from the source. */
export interface AttributeChanges {
  owner: boolean;
  mode: boolean;
  time: boolean;
}

/**
 * Returns which attributes of a file differ from the source. The access time is ignored, because reading changes it.
 *
 * @param user User of this process, null if unknown: only root can change the owner.
 */
export function differingAttributes(
  target: FileStat,
  source: Attributes,
  { preserve, keepTimes }: TargetOptions,
  user: number | null,
): AttributeChanges {
  const time = (preserve || keepTimes === true) && !isSameTime(target, source);
  if (!preserve || target.kind !== FileKind.file) return { owner: false, mode: false, time };
  const owner = user !== null && (target.gid !== source.gid || (user === 0 && target.uid !== source.uid));
  const isOwn = target.uid === source.uid && target.gid === source.gid;
  return { owner, mode: owner || target.mode !== preservedMode(source.mode, isOwn), time };
}
