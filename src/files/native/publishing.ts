/** Gives a temporary file its attributes and its final name. */

import { Errno } from "../../native/libc/errno.ts";
import { AT_EMPTY_PATH } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName } from "../../protocol/names.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import type { DirectoryAccess } from "../target/directory_access.ts";
import type { KeptBackup } from "../engine/target.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes } from "../stat/file_stat.ts";
import { joinPath } from "../path/local_path.ts";
import { readUmask } from "./attributes.ts";
import { NativeBackups } from "./backups.ts";
import { SharedNaming } from "./naming.ts";
import { nameAt, type NativePlacing } from "./placing.ts";
import { ReplacedFile } from "./replaced.ts";
import type { Refusal } from "./xattrs.ts";
import { plainMode, preservedMode, TEMPORARY_MODE } from "../stat/target_mode.ts";
import { unsetTimeCall } from "../stat/time_failure.ts";

/** Works in the current directory of a placing. Names are addresses of NUL-terminated bytes. */
export class NativePublisher {
  readonly #placing: NativePlacing;
  readonly #look: Statx;
  readonly #itself = new PinnedBuffer(64);
  readonly #naming: SharedNaming;
  readonly #replaced: ReplacedFile;
  readonly #backups: NativeBackups | undefined;
  /** Backups since the last call of `takeKept`. */
  #kept: KeptBackup[] = [];
  /** Mode of a new temporary file. */
  readonly #madeMode: number;
  #renamesNew = true;
  /** Access to the directory of the last published file. */
  #access: DirectoryAccess | undefined;
  /** Whether the last file in the same directory replaced another one. */
  #expectsOld = true;
  /** Mode that was set last to match a source. */
  #mode = 0;
  /** Extended attribute of the same file that could not be set. */
  #refused: Refusal | undefined;

  constructor(placing: NativePlacing) {
    const { calls, options, attributes } = placing;
    this.#placing = placing;
    this.#look = new Statx(calls);
    this.#naming = new SharedNaming(calls);
    this.#replaced = new ReplacedFile(calls, attributes);
    if (options.keepBackups) this.#backups = new NativeBackups(calls, options.token);
    this.#madeMode = TEMPORARY_MODE & ~readUmask();
  }

  /**
   * Sets attributes, closes the descriptor and renames the file. On failure the temporary file is removed, unless the name
   * refers to another file; the descriptor is always closed. If only extended attributes or times fail, the file has its
   * final name.
   *
   * @param ranged identity of a large file, which other writers have opened too.
   * @returns status of the file if the options ask for it; valid until the next call.
   */
  publish(
    descriptor: number,
    temporary: number,
    name: number,
    attributes: Attributes,
    block?: Uint8Array,
    ranged?: FileIdentity,
  ): FileStatSnapshot | undefined {
    const { calls, options } = this.#placing;
    const looked = this.#looksFirst();
    const old = looked && this.#lookAtOld(name);
    let errno = options.preserve
      ? this.#preserve(descriptor, attributes, block, old)
      : this.#setPlain(descriptor, attributes, block, old, ranged !== undefined);
    if (options.fsync && errno === 0) errno = this.#sync(descriptor);
    const seen = options.statAfterWrite && this.#look.fill(descriptor, this.#itself.address, AT_EMPTY_PATH);
    const place = this.#place(descriptor, temporary, ranged);
    // Some file systems report ENOSPC only on close.
    if (calls.close(descriptor) !== 0 && errno === 0) errno = calls.errno();
    if (place === -Errno.ESTALE) throw this.#placing.planted(name);
    if (errno !== 0 && errno !== Errno.EINTR) {
      if (place >= 0) calls.close(place);
      throw this.#placing.failed(name, errno, temporary);
    }
    if (place >= 0) this.#giveShared(place, temporary, name);
    else this.#giveName(temporary, name, old);
    const timeErrno = this.#placing.attributes.takeTimeErrno();
    if (timeErrno !== 0) throw unsetTimeCall(this.#placing.textOf(name), timeErrno);
    if (this.#refused) throw this.#placing.xattrs!.failure(this.#placing.textOf(name), this.#refused);
    return seen ? this.#look : undefined;
  }

  /**
   * Returns whether the replaced file is examined first. Otherwise it is examined when the rename finds one: in a directory
   * that nobody else can enter, the mode of a temporary file grants nothing.
   */
  #looksFirst(): boolean {
    const { access, options: { acls, fsync, preserve } } = this.#placing;
    if (access !== this.#access) this.#expectsOld = !access.sealed;
    this.#access = access;
    if (fsync || access.shared || this.#inherits) return true;
    return preserve ? acls === true || this.#expectsOld : !access.sealed;
  }

  /** Whether new files inherit an access control list from the current directory. */
  get #inherits(): boolean {
    return this.#placing.access.newModes !== undefined;
  }

  #lookAtOld(name: number): boolean {
    const { directory, options } = this.#placing;
    if (!options.preserve) return this.#replaced.look(directory, name);
    // Mode and owner come from the source, and with --acls the list too. Otherwise the list is kept.
    return options.acls === true || this.#replaced.lookAtList(directory, name);
  }

  /** Sets the attributes of the source, the mode last. Returns 0 or the error number. */
  #preserve(descriptor: number, from: Attributes, block: Uint8Array | undefined, old: boolean): number {
    const { calls, options, xattrs, attributes } = this.#placing;
    const owned = attributes.setOwner(descriptor, from.uid, from.gid) &&
      ((block === undefined && (from.mode & 0o6000) === 0) || attributes.isOwnedBy(descriptor, from.uid, from.gid));
    this.#mode = preservedMode(from.mode, owned);
    this.#refused = xattrs?.setPlain(descriptor, block, { owned });
    attributes.setTimes(descriptor, from);
    if (old && !options.acls) this.#replaced.handDownList(descriptor, this.#inherits);
    const errno = calls.fchmod(descriptor, this.#mode) === 0 ? 0 : calls.errno();
    if (xattrs) this.#refused = xattrs.setLists(descriptor, block, { isDirectory: false }) ?? this.#refused;
    return errno;
  }

  /** Sets the attributes of the replaced file or of a new one, the mode last. Returns 0 or the error number. */
  #setPlain(
    descriptor: number,
    from: Attributes,
    block: Uint8Array | undefined,
    old: boolean,
    ranged: boolean,
  ): number {
    const { access, attributes, calls, options, xattrs } = this.#placing;
    this.#refused = xattrs?.setPlain(descriptor, block, { owned: false });
    if (options.keepTimes) attributes.setModificationTime(descriptor, from);
    if (old && this.#replaced.isFile) return this.#replaced.handDown(descriptor, this.#inherits);
    const mode = plainMode(from.mode, options.umask) & (access.newModes ?? 0o777);
    const isRight = !ranged && mode === this.#madeMode;
    return isRight || calls.fchmod(descriptor, mode) === 0 ? 0 : calls.errno();
  }

  /** fsync(2). Returns 0 or the error number. */
  #sync(descriptor: number): number {
    const { calls } = this.#placing;
    for (;;) {
      if (calls.fsync(descriptor) === 0) return 0;
      const errno = calls.errno();
      if (errno !== Errno.EINTR) return errno;
    }
  }

  /**
   * Opens the temporary name (O_PATH) in a directory that others can write to. Returns -1 in other directories, and minus
   * ESTALE if the name refers to another file.
   */
  #place(descriptor: number, temporary: number, ranged: FileIdentity | undefined): number {
    const { access, directory } = this.#placing;
    if (access.shared) return this.#naming.openPlace(descriptor, directory, temporary);
    return ranged && !this.#naming.isNameOf(descriptor, directory, temporary) ? -Errno.ESTALE : -1;
  }

  /** Gives an open file its final name in a directory that others can write to, and closes it. @throws {FileError} */
  #giveShared(place: number, temporary: number, name: number, act = "write"): void {
    const placing = this.#placing;
    try {
      this.#keepBackup(name);
      const errno = this.#naming.give(place, placing.directory, temporary, name);
      if (errno === Errno.ESTALE) throw placing.planted(name, act);
      if (errno !== 0) throw placing.failed(name, errno, temporary, act);
      placing.finished();
    } finally {
      placing.calls.close(place);
    }
  }

  #giveName(temporary: number, name: number, old: boolean): void {
    this.#keepBackup(name);
    if (!old) {
      this.#expectsOld = false;
      if (this.#renameNew(temporary, name)) return;
      this.#handDownLate(temporary, name);
    }
    this.#expectsOld = true;
    this.#rename(temporary, name);
  }

  /**
   * Gives a link, whose attributes are set, its final name.
   *
   * @param place descriptor of the link, in a directory that others can write to; it is closed.
   * @throws {FileError}
   */
  rename(temporary: number, name: number, place?: number): void {
    if (place !== undefined) return this.#giveShared(place, temporary, name, "create");
    this.#keepBackup(name);
    this.#rename(temporary, name);
  }

  /** With `keepBackups`: backs up the file that is about to be replaced. */
  #keepBackup(name: number): void {
    if (!this.#backups) return;
    const { directory, path, root, roots } = this.#placing;
    const bytes = nameAt(name);
    const identity = this.#backups.keep(directory, bytes);
    if (!identity) return;
    const isDirectory = roots[root].kind === "folder";
    this.#kept.push({ root, path: isDirectory ? joinPath(path, decodeName(bytes)) : "", identity });
  }

  /** Returns the backups since the last call. */
  takeKept(): KeptBackup[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  #rename(temporary: number, name: number): void {
    const { calls, directory } = this.#placing;
    if (calls.renameat(directory, temporary, directory, name) !== 0) {
      throw this.#placing.failed(name, calls.errno(), temporary);
    }
    this.#placing.finished();
  }

  /** Renames the file if the name is free. Returns whether it was. */
  #renameNew(temporary: number, name: number): boolean {
    if (!this.#renamesNew) return false;
    const { calls, directory } = this.#placing;
    if (calls.renameNew(directory, temporary, directory, name) === 0) {
      this.#placing.finished();
      return true;
    }
    // Some kernels and file systems lack it. rename(2) reports all other errors.
    const errno = calls.errno();
    if (errno === Errno.EINVAL || errno === Errno.ENOSYS) this.#renamesNew = false;
    return false;
  }

  /** Applies the attributes of a replaced file that was found only by the rename. */
  #handDownLate(temporary: number, name: number): void {
    const { attributes, calls, directory, options: { preserve } } = this.#placing;
    const replaced = this.#replaced;
    if (!this.#lookAtOld(name) || (preserve ? !replaced.hasList : !replaced.isFile)) return;
    const { path, noFollow, closeOnExec } = calls.flags;
    const place = calls.openat(directory, temporary, path | noFollow | closeOnExec, 0);
    if (place < 0) throw this.#placing.failed(name, calls.errno(), temporary);
    if (preserve) replaced.handDownList(place, false);
    const errno = preserve ? attributes.setModeOfPath(place, this.#mode) : replaced.handDown(place, false);
    calls.close(place);
    if (errno !== 0) throw this.#placing.failed(name, errno, temporary);
  }
}
