/** Compares existing targets with records, and restores backups: the same rules for both engines. */

import { equals } from "../../bytes.ts";
import { FileError, ProtocolError } from "../../errors.ts";
import { ItemChange } from "../../protocol/data/item_changes.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
import { decodeName } from "../../protocol/names.ts";
import type { RangeReader } from "../engine/source.ts";
import {
  type AttributeChanges,
  attributeChanges,
  differingAttributes,
  type TargetComparer,
} from "../engine/target_comparer.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { checkSymlinkTarget, parseFirstPath } from "../path/link_target.ts";
import { splitRelativePath } from "../path/local_path.ts";
import { backupName, unverifiedName } from "../path/temporary_names.ts";
import { failedDeno } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { type Attributes, FileKind, FileStat } from "../stat/file_stat.ts";
import { readAttributes } from "../stat/record_attributes.ts";
import { isShared } from "../target/directory_access.ts";
import { checkShape, targetText } from "../target/name.ts";
import { isSameRoot, isSource, mayBeMovedSource, movedToItself } from "../target/same_file.ts";
import type { TargetDirectory, WriterOptions } from "./target_directory.ts";

/** Operations of an engine on existing entries of the current directory. They throw as those of a `TargetDirectory`. */
export interface CompareCalls<Name> {
  /** User of this process; null if unknown. */
  readonly user: number | null;
  /** Opens a regular file. @throws {FileError} Also if it is not the file of this status. */
  open(name: Name, stat: FileStat): RangeReader;
  /** Sets attributes of a regular file, which must be the file of this status. */
  setAttributes(
    name: Name,
    stat: FileStat,
    source: Attributes,
    changes: AttributeChanges,
    xattrs: Uint8Array | undefined,
  ): void;
  /** Flushes a regular file to disk, which must be the file of this status. */
  sync(name: Name, stat: FileStat): void;
  /** Returns the identity of an entry itself; undefined if it does not exist. */
  identityOf(name: string): FileIdentity | undefined;
  /** Creates a second name. Returns whether it was created. */
  link(name: Name, other: string): boolean;
  rename(name: Name, other: string): void;
  unlink(name: Name): void;
  /** Renames a backup, which must have this identity, to its original name. Returns whether it has that name. */
  restore(backup: string, name: Name, kept: FileIdentity): boolean;
}

/** One current directory and the operations on its entries. */
export interface CompareDirectory<Name> {
  readonly directory: TargetDirectory<Name>;
  readonly calls: CompareCalls<Name>;
}

export class EngineComparer<Name> implements TargetComparer {
  readonly stat = new FileStat();
  readonly #roots: TargetRoot[];
  readonly #options: WriterOptions["options"];
  readonly #directory: TargetDirectory<Name>;
  readonly #calls: CompareCalls<Name>;
  /** Directory of the first name of a hard link: the current directory must not change. */
  readonly #firstNames: CompareDirectory<Name>;
  /** Attributes of the current record. Reused. */
  readonly #expected = new FileStat();
  /** Status of the current directory. Reused. */
  readonly #itself = new FileStat();
  /** Index of the current root, -1 if no directory is entered. */
  #root = -1;
  /** Directory of the last `enter`, if another entry has its place, or the place of a directory above it. */
  #obstructed: { root: number; path: string } | undefined;
  /** Name of the current entry; undefined for a device. */
  #name: Name | undefined;

  constructor(openDirectory: () => CompareDirectory<Name>, { roots, options }: WriterOptions) {
    const { directory, calls } = openDirectory();
    this.#directory = directory;
    this.#calls = calls;
    this.#firstNames = openDirectory();
    this.#roots = roots;
    this.#options = options;
  }

  get path(): string {
    const root = this.#roots[this.#root];
    return root.kind === "device" ? root.path : this.#directory.textOf(this.#name!);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    const target = this.#roots[root];
    const path = start === end ? "" : decodeName(bytes.subarray(start, end));
    if (path !== "" || !target) checkShape(target, true);
    this.#root = -1;
    this.#obstructed = undefined;
    try {
      this.#directory.enter(root, path, { create: false });
      this.#root = root;
      return true;
    } catch (error) {
      if (!(error instanceof FileError && this.#isMissing(error))) throw error;
      if (error.code !== "ENOENT") this.#obstructed = { root, path };
      return false;
    }
  }

  replacesEntry(): boolean {
    if (!this.#obstructed) return false;
    const { root, path } = this.#obstructed;
    try {
      this.#directory.enter(root, splitRelativePath(path).directory, { create: false });
      return true;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  /** Returns whether a directory does not exist, or will replace an entry of another kind. */
  #isMissing({ code }: FileError): boolean {
    return code === "ENOENT" || (this.#options.replaces !== undefined && (code === "ENOTDIR" || code === "ELOOP"));
  }

  examine(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#root < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
    const root = this.#roots[this.#root];
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") {
      this.stat.kind = FileKind.charDevice;
      return true;
    }
    // Copied, because the frame is reused before the comparison ends.
    const name = root.kind === "file" ? root.name : decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    this.#name = this.#directory.nameOf(name);
    try {
      return this.#directory.stat(this.#name, this.stat);
    } catch (error) {
      throw failedDeno("examine", this.path, error);
    }
  }

  isSource(cursor: RecordCursor): boolean {
    const root = this.#roots[this.#root];
    if (this.#options.moves && mayBeMovedSource(root, cursor, this.stat)) throw movedToItself(this.path);
    return isSource(root, cursor, this.stat);
  }

  isLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (isSameRoot(this.#roots[this.#root]) && this.#options.moves) throw movedToItself(this.path);
    const target = bytes.subarray(cursor.contentStart, cursor.contentEnd);
    if (cursor.type === RecordType.hardlink) return this.#isHardLink(target, cursor.firstRoot());
    checkSymlinkTarget(target);
    if (this.#options.moves && mayBeMovedSource(this.#roots[this.#root], cursor, this.stat)) {
      throw movedToItself(this.path);
    }
    return this.#pointsTo(target);
  }

  /** Returns whether the current entry is a symbolic link with this target. */
  #pointsTo(target: Uint8Array): boolean {
    const found = this.stat.kind === FileKind.symlink ? this.#directory.readLink(this.#name!) : undefined;
    return found !== undefined && equals(target, found);
  }

  open(): RangeReader {
    try {
      return this.#calls.open(this.#name!, this.stat);
    } catch (error) {
      throw failedDeno("read", this.path, error);
    }
  }

  hasAttributes(source: Attributes): boolean {
    const { owner, mode, time } = differingAttributes(this.stat, source, this.#options, this.#calls.user);
    return !owner && !mode && !time;
  }

  hasOwner({ uid }: Attributes): boolean {
    const { user } = this.#calls;
    return user === null || this.stat.uid === (this.#options.preserve && user === 0 ? uid : user);
  }

  mayBeMoved(source: Attributes): boolean {
    // Only root can change the owner.
    if (!this.#options.preserve || this.#calls.user !== 0 || this.stat.uid === source.uid) return false;
    const directory = this.#statDirectory();
    return isShared(0, directory) && this.stat.uid !== directory.uid;
  }

  changes(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number {
    const { type, size, contentStart, contentEnd } = cursor;
    const kind = type === RecordType.symlink ? FileKind.symlink : FileKind.file;
    if (this.stat.kind !== kind) return ItemChange.kind;
    if (type === RecordType.hardlink) return 0;
    const attributes = this.#attributeChanges(cursor, this.stat);
    if (type === RecordType.file) return attributes | (this.stat.size === size ? 0 : ItemChange.size);
    return attributes | (this.#pointsTo(bytes.subarray(contentStart, contentEnd)) ? ItemChange.sameTarget : 0);
  }

  directoryChanges(cursor: RecordCursor): number {
    const root = this.#roots[this.#root];
    // The copy has created it before the comparison.
    if (root.kind === "folder" && root.created && this.#directory.path === "") return ItemChange.kind;
    return this.#attributeChanges(cursor, this.#statDirectory());
  }

  /** Returns the status of the current directory, which is reused. @throws {FileError} Operation "examine". */
  #statDirectory(): FileStat {
    try {
      this.#directory.statSelf(this.#itself);
      return this.#itself;
    } catch (error) {
      throw failedDeno("examine", targetText(this.#roots[this.#root], this.#directory.path), error);
    }
  }

  #attributeChanges(cursor: RecordCursor, stat: FileStat): number {
    readAttributes(cursor, this.#expected);
    return attributeChanges(stat, this.#expected, this.#options, this.#calls.user);
  }

  updateAttributes(source: Attributes, xattrs?: Uint8Array): void {
    const changes = differingAttributes(this.stat, source, this.#options, this.#calls.user);
    try {
      this.#calls.setAttributes(this.#name!, this.stat, source, changes, xattrs);
    } catch (error) {
      throw failedDeno("set the attributes of", this.path, error);
    }
  }

  sync(): void {
    if (this.stat.kind !== FileKind.file) return;
    try {
      this.#calls.sync(this.#name!, this.stat);
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  dropBackup(): void {
    if (this.#options.keepBackups && this.#name !== undefined) this.#directory.remove(this.#backupName());
  }

  backup(): FileIdentity | undefined {
    return this.#name === undefined ? undefined : this.#calls.identityOf(this.#backupName());
  }

  revert(kept: FileIdentity | undefined): string {
    const calls = this.#calls;
    const name = this.#name!;
    const rejected = unverifiedName(this.#directory.bytesOf(name));
    try {
      const isLinked = calls.link(name, rejected);
      // Another range of the file was rejected before.
      if (!isLinked && calls.identityOf(rejected)) return rejected;
      // The file system has no hard links now, but may have had them when the backup was created.
      if (!isLinked) calls.rename(name, rejected);
      const isRestored = kept !== undefined && calls.restore(this.#backupName(), name, kept);
      if (isLinked && !isRestored) calls.unlink(name);
    } catch (error) {
      throw failedDeno("rename", this.path, error);
    }
    return rejected;
  }

  close(): void {
    this.#directory.close();
    this.#firstNames.directory.close();
    this.#root = -1;
  }

  #backupName(): string {
    return backupName(this.#options.token, this.#directory.bytesOf(this.#name!));
  }

  /** Returns whether the current entry and the first path of a hardlink record are one file. */
  #isHardLink(target: Uint8Array, firstRoot: number): boolean {
    const first = parseFirstPath(target, this.#roots, firstRoot);
    const { directory } = this.#firstNames;
    const found = new FileStat();
    try {
      directory.enter(firstRoot, first.directory, { create: false });
      if (!directory.stat(directory.nameOf(first.name), found)) return false;
    } catch {
      // A file that cannot be examined is not known to be the same.
      return false;
    }
    const { dev, inode, inodeLow } = this.stat;
    return inode !== 0 && found.dev === dev && found.inode === inode && found.inodeLow === inodeLow;
  }
}
