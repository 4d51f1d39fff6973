/** Compares targets with records, by system calls. */

import { Errno } from "../../native/libc/errno.ts";
import { FileError } from "../../errors.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { RangeReader } from "../engine/source.ts";
import type { TargetOptions } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedCall, failedWith } from "../stat/file_failure.ts";
import { type Attributes, FileKind, FileStat } from "../stat/file_stat.ts";
import { type FileIdentity, isSameFile } from "../stat/file_identity.ts";
import { unverifiedName } from "../path/temporary_names.ts";
import { checkSymlinkTarget, LONGEST_TARGET_BYTES, parseFirstPath } from "../path/link_target.ts";
import { joinPath } from "../path/local_path.ts";
import { NativeAttributes } from "./attributes.ts";
import { NativeBackups } from "./backups.ts";
import { NativeDirectories } from "./directories.ts";
import { openOnce } from "./open.ts";
import { NativeRangeReader } from "./range_reader.ts";
import { readStat } from "./stat.ts";
import type { XattrWriter } from "./xattrs.ts";
import type { NativeFeatures } from "./target_directory.ts";
import { differingAttributes, type TargetComparer } from "../engine/target_comparer.ts";
import { preservedMode } from "../stat/target_mode.ts";
import { replacedTime, unsetTimeCall } from "../stat/time_failure.ts";
import { checkShape, rootDirectory, rootPath, targetText } from "../target/name.ts";

export class NativeComparer implements TargetComparer {
  readonly stat = new FileStat();
  readonly #calls: FileCalls;
  readonly #roots: TargetRoot[];
  readonly #options: TargetOptions;
  readonly #directories: NativeDirectories;
  /** Directory of the first name of a hard link: the current directory must not change. */
  readonly #firstNames: NativeDirectories;
  readonly #backups: NativeBackups;
  readonly #attributes: NativeAttributes;
  readonly #statx: Statx;
  readonly #xattrs: XattrWriter | undefined;
  readonly #itself = new PinnedBuffer(8);
  readonly #name = new PinnedBuffer(512);
  readonly #otherName = new PinnedBuffer(256);
  readonly #link = new PinnedBuffer(LONGEST_TARGET_BYTES + 1);
  #root = -1;
  #path = "";
  #directory = -1;
  #nameText = "";

  constructor(calls: FileCalls, roots: TargetRoot[], options: TargetOptions, features: NativeFeatures) {
    this.#calls = calls;
    this.#roots = roots;
    this.#options = options;
    const rootAt = (root: number) => rootDirectory(roots[root]);
    this.#directories = new NativeDirectories(calls, rootAt, features);
    this.#firstNames = new NativeDirectories(calls, rootAt, features);
    this.#backups = new NativeBackups(calls, options.token);
    this.#attributes = new NativeAttributes(calls);
    this.#statx = new Statx(calls);
    this.#xattrs = features.xattrs;
  }

  get path(): string {
    const root = this.#roots[this.#root];
    return joinPath(root.kind === "folder" ? targetText(root, this.#path) : rootPath(root), this.#nameText);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    const target = this.#roots[root];
    const path = start === end ? "" : decodeName(bytes.subarray(start, end));
    if (path !== "" || !target) checkShape(target, true);
    this.#directory = -1;
    this.#root = root;
    this.#path = path;
    try {
      this.#directory = this.#directories.open(root, path, { create: false });
      return true;
    } catch (error) {
      if (error instanceof FileError && error.code === "ENOENT") return false;
      throw error;
    }
  }

  examine(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    const root = this.#roots[this.#root];
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    const name = root.kind === "file" ? encodeName(root.name) : bytes.subarray(cursor.nameStart, cursor.nameEnd);
    this.#nameText = decodeName(name);
    if (root.kind === "device") {
      this.stat.kind = FileKind.charDevice;
      return true;
    }
    if (!this.#statx.fill(this.#directory, this.#name.putName(name), AT_SYMLINK_NOFOLLOW)) {
      const errno = this.#calls.errno();
      if (errno === Errno.ENOENT) return false;
      throw failedCall("examine", this.path, errno);
    }
    readStat(this.#statx, this.stat);
    return true;
  }

  isLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    const target = bytes.subarray(cursor.contentStart, cursor.contentEnd);
    if (cursor.type === RecordType.hardlink) return this.#isHardLink(target);
    checkSymlinkTarget(target);
    if (this.stat.kind !== FileKind.symlink) return false;
    const { bytes: text, address } = this.#link;
    const length = this.#calls.readlinkat(this.#directory, this.#name.address, address, text.length);
    return length === target.length && target.every((byte, index) => byte === text[index]);
  }

  open(): RangeReader {
    const { closeOnExec, nonBlock, noTty, noFollow } = this.#calls.flags;
    const flags = closeOnExec | nonBlock | noTty | noFollow;
    const descriptor = openOnce(this.#calls, this.#directory, this.#name.address, flags);
    if (descriptor < 0) throw failedCall("read", this.path, -descriptor);
    return new NativeRangeReader(this.#calls, descriptor, this.path);
  }

  updateAttributes(source: Attributes, xattrs?: Uint8Array): void {
    const attributes = this.#attributes;
    const differs = differingAttributes(this.stat, source, this.#options, attributes.user);
    if (differs.owner || differs.mode || this.#xattrs) this.#setByDescriptor(source, differs, xattrs);
    if (!differs.time) return;
    const times = this.#options.preserve ? attributes.putTimes(source) : attributes.putModificationTime(source);
    if (this.#calls.utimensat(this.#directory, this.#name.address, times, AT_SYMLINK_NOFOLLOW) !== 0) {
      throw unsetTimeCall(this.path, this.#calls.errno());
    }
    if (attributes.isTimeReplaced(this.#directory, this.#name.address, AT_SYMLINK_NOFOLLOW, source)) {
      throw replacedTime(this.path);
    }
  }

  dropBackup(): void {
    if (!this.#options.keepBackups) return;
    this.#backups.drop(this.#directory, encodeName(this.#nameText));
  }

  backup(): FileIdentity | undefined {
    return this.#backups.find(this.#directory, encodeName(this.#nameText));
  }

  revert(kept: FileIdentity | undefined): string {
    const calls = this.#calls;
    const directory = this.#directory;
    const name = this.#name.address;
    const rejected = unverifiedName(encodeName(this.#nameText));
    const other = this.#otherName.putName(encodeName(rejected));
    const check = (result: number) => {
      if (result !== 0) throw failedCall("rename", this.path, calls.errno());
    };
    const linked = calls.linkat(directory, name, directory, other, 0) === 0;
    // Another range of the file was rejected before.
    if (!linked && calls.errno() === Errno.EEXIST) return rejected;
    // The file system has no hard links now, but may have had them when the backup was created.
    if (!linked) check(calls.renameat(directory, name, directory, other));
    const isRestored = kept !== undefined && this.#backups.restore(directory, encodeName(this.#nameText), kept);
    if (linked && !isRestored) check(calls.unlinkat(directory, name, 0));
    return rejected;
  }

  close(): void {
    this.#directories.close();
    this.#firstNames.close();
    this.#directory = -1;
  }

  /** Sets owner, extended attributes, mode and lists in the order in which none resets another. */
  #setByDescriptor(source: Attributes, differs: { owner: boolean; mode: boolean }, block?: Uint8Array): void {
    const calls = this.#calls;
    const { path, noFollow, closeOnExec } = calls.flags;
    const { address } = this.#name;
    const place = openOnce(calls, this.#directory, address, path | noFollow | closeOnExec);
    if (place < 0) throw this.#failed(-place);
    try {
      if (!this.#statx.fill(place, this.#itself.address, AT_EMPTY_PATH)) throw this.#failed(calls.errno());
      if (!isSameFile(this.#statx, this.stat)) throw failedWith("set the attributes of", this.path, "ESTALE");
      if (differs.owner) this.#attributes.setOwnerOfPath(place, source.uid, source.gid);
      if (!this.#statx.fill(place, this.#itself.address, AT_EMPTY_PATH)) throw this.#failed(calls.errno());
      const { uid, gid, mode } = this.#statx;
      const owned = uid === source.uid && gid === source.gid;
      let refused = this.#xattrs?.setPlain(place, block, { owned });
      if (differs.owner || differs.mode) {
        const right = preservedMode(source.mode, owned);
        const errno = (mode & 0o7777) === right ? 0 : this.#attributes.setModeOfPath(place, right);
        if (errno !== 0) throw this.#failed(errno);
      }
      refused = this.#xattrs?.setLists(place, block, { isDirectory: false }) ?? refused;
      if (refused) throw this.#xattrs!.failure(this.path, refused);
    } finally {
      calls.close(place);
    }
  }

  #failed(errno: number): FileError {
    return failedCall("set the attributes of", this.path, errno);
  }

  /** Returns whether the current entry and the first path of a hardlink record are one file. */
  #isHardLink(target: Uint8Array): boolean {
    const first = parseFirstPath(target);
    try {
      const directory = this.#firstNames.open(this.#root, first.directory, { create: false });
      const name = new PinnedBuffer(256);
      if (!this.#statx.fill(directory, name.putName(encodeName(first.name)), AT_SYMLINK_NOFOLLOW)) return false;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
    const { dev, inode, inodeLow } = this.#statx;
    return this.stat.dev === dev && this.stat.inode === inode && this.stat.inodeLow === inodeLow;
  }
}
