/** Gives staged files their attributes and their final names, by descriptor. */

import { type FileCalls } from "../../../native/file/calls.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { Errno, SystemCallError } from "../../../native/libc/errno.ts";
import { encodeName } from "../../../protocol/names.ts";
import type { FileError } from "../../../errors.ts";
import { type FileIdentity, identityOfStat, planted } from "../../stat/file_identity.ts";
import type { Attributes, FileStatSnapshot } from "../../stat/file_stat.ts";
import { plainMode, preservedMode, TEMPORARY_MODE } from "../../stat/target_mode.ts";
import { unsetTimeCall } from "../../stat/time_failure.ts";
import type { DirectoryAccess } from "../../target/directory_access.ts";
import type { CommitCalls, TargetDirectory } from "../../write/target_directory.ts";
import { readUmask } from "../attributes.ts";
import { openEntry } from "../open.ts";
import { NativeBackups } from "./backups.ts";
import { SharedNaming } from "./naming.ts";
import { ReplacedFile } from "./replaced.ts";
import type { StagedFile } from "./staged_file.ts";
import type { NativeTargetDirectory } from "./directory.ts";
import type { Refusal } from "../xattrs.ts";

export class NativeCommits implements CommitCalls<number, StagedFile> {
  readonly #directory: NativeTargetDirectory;
  readonly #calls: FileCalls;
  /** Status that `snapshot` returned last. */
  readonly #snapshot: Statx;
  readonly #statx: Statx;
  readonly #other = new PinnedBuffer(257);
  readonly #naming: SharedNaming;
  readonly #replaced: ReplacedFile;
  #backups: NativeBackups | undefined;
  /** Mode of a new temporary file. */
  readonly #createdMode: number;
  #hasRenameNew = true;
  /** Access to the directory of the last file. */
  #access: DirectoryAccess | undefined;
  /** Whether the last file in the same directory replaced another one. */
  #expectsReplaced = true;
  /** Whether the replaced file was examined before the rename, and exists. */
  #isReplaced = false;
  /** Mode that was set last to match a source. */
  #mode = 0;
  /** Extended attribute of the same file that could not be set. */
  #refused: Refusal | undefined;

  constructor(directory: NativeTargetDirectory) {
    const { calls } = directory;
    this.#directory = directory;
    this.#calls = calls;
    this.#snapshot = new Statx(calls);
    this.#statx = new Statx(calls);
    this.#naming = new SharedNaming(calls);
    this.#replaced = new ReplacedFile(directory);
    this.#createdMode = TEMPORARY_MODE & ~readUmask();
  }

  examineReplaced(name: number, operation: "write" | "create"): void {
    if (operation === "write") this.#isReplaced = this.#examinesFirst() && this.#examine(name);
  }

  setAttributes(staged: StagedFile, _name: number, from: Attributes, block: Uint8Array | undefined): void {
    if (staged.inPlace) this.#isReplaced = false;
    const result = this.#directory.options.preserve
      ? this.#preserve(staged.descriptor, from, block)
      : this.#setPlain(staged, from, block);
    if (result !== 0) throw new SystemCallError(result);
  }

  sync({ descriptor }: StagedFile): void {
    while (this.#calls.fsync(descriptor) !== 0) {
      const errno = this.#calls.errno();
      if (errno !== Errno.EINTR) throw new SystemCallError(errno);
    }
  }

  snapshot({ descriptor }: StagedFile): FileStatSnapshot | undefined {
    return this.#snapshot.fillOpen(descriptor) ? this.#snapshot : undefined;
  }

  closeForRename(staged: StagedFile, name: number): void {
    const { access, descriptor: directory } = this.#directory;
    const { descriptor, temporary } = staged;
    if (access.shared) staged.place = this.#naming.openPlace(descriptor, directory, temporary);
    const isStolen = access.shared
      ? staged.place < 0
      : staged.identity !== undefined && !this.#naming.isNameOf(descriptor, directory, temporary);
    if (isStolen) throw planted("write", this.#directory.textOf(name));
    staged.descriptor = -1;
    // Some file systems report ENOSPC only on close.
    if (this.#calls.close(descriptor) === 0) return;
    const errno = this.#calls.errno();
    if (errno !== Errno.EINTR) throw new SystemCallError(errno);
  }

  linkReplaced(name: number, other: string): FileIdentity | undefined {
    const calls = this.#calls;
    const statx = this.#statx;
    const { descriptor: directory } = this.#directory;
    const place = openEntry(calls, directory, name);
    if (place < 0) return undefined;
    try {
      if (!statx.fillOpen(place)) return undefined;
      const identity = identityOfStat(statx);
      if (!this.#directory.mayDelete(statx.uid)) return undefined;
      const isLinked = this.#naming.link(place, directory, this.#other.putName(encodeName(other))) === 0;
      return isLinked ? identity : undefined;
    } finally {
      calls.close(place);
    }
  }

  backUp(name: number, into: TargetDirectory<number>, other: string): (() => void) | undefined {
    this.#backups ??= new NativeBackups(this.#directory);
    return this.#backups.backUp(name, into as NativeTargetDirectory, other);
  }

  rename(staged: StagedFile, name: number, operation: "write" | "create"): void {
    const { descriptor: directory } = this.#directory;
    const { place, temporary } = staged;
    if (place >= 0) {
      const errno = this.#naming.renameOpen(place, directory, temporary, name);
      if (errno === Errno.ESTALE) throw planted(operation, this.#directory.textOf(name));
      if (errno !== 0) throw new SystemCallError(errno);
      return;
    }
    if (!staged.isLink && !this.#isReplaced) {
      this.#expectsReplaced = false;
      if (this.#renameNew(temporary, name)) return;
      this.#applyReplaced(temporary, name);
    }
    if (!staged.isLink) this.#expectsReplaced = true;
    if (this.#calls.renameat(directory, temporary, directory, name) !== 0) {
      throw new SystemCallError(this.#calls.errno());
    }
  }

  takeAttributeFailure(name: number): FileError | undefined {
    const timeErrno = this.#directory.attributes.takeTimeErrno();
    if (timeErrno !== 0) return unsetTimeCall(this.#directory.textOf(name), timeErrno);
    return this.#refused && this.#directory.xattrs!.failure(this.#directory.textOf(name), this.#refused);
  }

  /**
   * Returns whether the replaced file is examined before the rename. Otherwise it is examined when the rename finds one: in
   * a directory that no other user can enter, the mode of a temporary file grants nothing.
   */
  #examinesFirst(): boolean {
    const { access, options: { acls, backup, fsync, preserve } } = this.#directory;
    if (access !== this.#access) this.#expectsReplaced = !access.sealed;
    this.#access = access;
    // A backup moves the replaced file away before the rename.
    if (fsync || backup || access.shared || this.#inherits) return true;
    return preserve ? acls === true || this.#expectsReplaced : !access.sealed;
  }

  /** Whether new files inherit an access control list from the current directory. */
  get #inherits(): boolean {
    return this.#directory.access.newModes !== undefined;
  }

  /** Examines the file of this name. Returns whether there is one, or may be one. */
  #examine(name: number): boolean {
    const { options } = this.#directory;
    if (!options.preserve) return this.#replaced.examine(name);
    // Mode and owner come from the source, and with --acls the list too. Otherwise the list of the replaced file stays.
    return options.acls === true || this.#replaced.readList(name);
  }

  /** Sets the attributes of the source, the mode last. Returns 0 or the error number. */
  #preserve(descriptor: number, from: Attributes, block: Uint8Array | undefined): number {
    const { calls, options, xattrs, attributes } = this.#directory;
    const owned = attributes.setOwner(descriptor, from.uid, from.gid) &&
      ((block === undefined && (from.mode & 0o6000) === 0) || attributes.isOwnedBy(descriptor, from.uid, from.gid));
    this.#mode = preservedMode(from.mode, owned);
    this.#refused = xattrs?.setPlain(descriptor, block, { owned });
    attributes.setTimes(descriptor, from);
    if (this.#isReplaced && !options.acls) this.#replaced.applyList(descriptor, this.#inherits);
    const errno = calls.fchmod(descriptor, this.#mode) === 0 ? 0 : calls.errno();
    if (xattrs) this.#refused = xattrs.setLists(descriptor, block, { isDirectory: false }) ?? this.#refused;
    return errno;
  }

  /**
   * Sets the attributes of the replaced file or of a new one, the mode last. A file that is written in place keeps owner and
   * mode. Returns 0 or the error number.
   */
  #setPlain({ descriptor, identity, inPlace }: StagedFile, from: Attributes, block: Uint8Array | undefined): number {
    const { access, attributes, calls, options, xattrs } = this.#directory;
    this.#refused = xattrs?.setPlain(descriptor, block, { owned: false });
    if (options.keepTimes) attributes.setModificationTime(descriptor, from);
    if (inPlace) return 0;
    if (this.#isReplaced && this.#replaced.isFile) return this.#replaced.apply(descriptor, this.#inherits);
    const mode = plainMode(from.mode, options.umask) & (access.newModes ?? 0o777);
    // The mode of a large file may have changed since it was created.
    const isRight = identity === undefined && mode === this.#createdMode;
    return isRight || calls.fchmod(descriptor, mode) === 0 ? 0 : calls.errno();
  }

  /** Renames the file if the name is free. Returns whether it was. */
  #renameNew(temporary: number, name: number): boolean {
    if (!this.#hasRenameNew) return false;
    const { descriptor: directory } = this.#directory;
    if (this.#calls.renameNew(directory, temporary, directory, name) === 0) return true;
    // Some kernels and file systems lack it. rename(2) reports all other errors.
    const errno = this.#calls.errno();
    if (errno === Errno.EINVAL || errno === Errno.ENOSYS) this.#hasRenameNew = false;
    return false;
  }

  /** Applies the attributes of a replaced file that only the rename has found. */
  #applyReplaced(temporary: number, name: number): void {
    const { attributes, calls, descriptor, options: { preserve } } = this.#directory;
    const replaced = this.#replaced;
    if (!this.#examine(name) || (preserve ? !replaced.hasList : !replaced.isFile)) return;
    const place = openEntry(calls, descriptor, temporary);
    if (place < 0) throw new SystemCallError(-place);
    if (preserve) replaced.applyList(place, false);
    const errno = preserve ? attributes.setModeOfPath(place, this.#mode) : replaced.apply(place, false);
    calls.close(place);
    if (errno !== 0) throw new SystemCallError(errno);
  }
}
