/** The current folder of a writer, and how a new file in it comes to its final name. */

import { type FileError, ProtocolError } from "../errors.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../native/file_calls.ts";
import { NameCounter } from "../native/file_name_counter.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { TargetOptions, TargetRoot } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import { type Attributes, FileKind } from "./file_stat.ts";
import { formerName, mayBeForgotten, unverifiedName } from "./former_name.ts";
import { joinPath } from "./local_path.ts";
import { NativeAttributes, readUmask } from "./native_attributes.ts";
import { NativeFolders } from "./native_folders.ts";
import type { Refusal, XattrWriter } from "./native_xattrs.ts";
import { checkShape, rootFolder, targetText } from "./target_name.ts";
import { keptMode, plainMode } from "./target_mode.ts";
import { unsetTimeCall } from "./time_failure.ts";
import { TemporaryNames } from "./temporary_name.ts";

const EINTR = 4;
const EACCES = 13;
const EEXIST = 17;
const EINVAL = 22;
const ENOSYS = 38;

/** What the engine has that the calls alone do not tell. */
export interface NativePlacingOptions {
  openat2: boolean;
  /** Where extended attributes or access control lists are wanted. */
  xattrs?: XattrWriter;
}

/** Names are addresses of NUL-terminated bytes; all of them stand in `folder`. */
export class NativePlacing {
  readonly calls: FileCalls;
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly folders: NativeFolders;
  readonly attributes: NativeAttributes;
  readonly xattrs: XattrWriter | undefined;
  /** Index of the current root, -1 before the first. */
  root = -1;
  /** The current folder relative to the root. */
  path = "";
  /** Its descriptor (O_PATH), -1 when there is none. */
  folder = -1;

  readonly #temporary: NameCounter;
  readonly #statx: Statx;
  readonly #look: Statx;
  readonly #itself = new Scratch(64);
  readonly #otherName = new Scratch(256);
  readonly #processUmask: number;
  #renamesNew = true;
  /** Whether the last temporary name may still stand in the current folder. */
  #unfinished = false;

  constructor(calls: FileCalls, roots: TargetRoot[], options: TargetOptions, engine: NativePlacingOptions) {
    this.calls = calls;
    this.roots = roots;
    this.options = options;
    this.folders = new NativeFolders(calls, roots, engine);
    this.attributes = new NativeAttributes(calls);
    this.xattrs = engine.xattrs;
    this.#temporary = new NameCounter(new TemporaryNames(options.token).stem, ".part");
    this.#statx = new Statx(calls);
    this.#look = new Statx(calls);
    this.#processUmask = readUmask();
  }

  /** Address of the temporary name that was made last. */
  get temporary(): number {
    return this.#temporary.address;
  }

  /** Makes the folder the current one, and makes it first where it is missing. @throws {FileError} */
  enter(root: number, path: string): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.folder = -1;
    this.folder = this.folders.open(root, path, { create: true });
    this.root = root;
    this.path = path;
  }

  /** The current root. @throws {ProtocolError} when no folder has been entered. */
  current(): TargetRoot {
    if (this.folder < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no folder");
    return this.roots[this.root];
  }

  /** Makes a temporary file that is to become `name`. Returns its descriptor. @throws {FileError} */
  openTemporary(name: number, sourceMode: number): number {
    const { create, exclusive, write, noFollow, closeOnExec } = this.calls.flags;
    const flags = create | exclusive | write | noFollow | closeOnExec;
    // Extended attributes can only be set where one may write.
    const mode = this.options.preserve || this.xattrs ? 0o600 : plainMode(sourceMode, this.options.umask);
    for (;;) {
      this.#temporary.next();
      const descriptor = this.calls.openat(this.folder, this.#temporary.address, flags, mode);
      if (descriptor >= 0) {
        this.#unfinished = true;
        return descriptor;
      }
      this.#mayRetry(name, this.calls.errno(), "write");
    }
  }

  /** Makes something else under a temporary name; `make` returns 0 or the error number. @throws {FileError} */
  makeTemporary(name: number, make: (temporary: number) => number): void {
    for (;;) {
      this.#temporary.next();
      const errno = make(this.#temporary.address);
      if (errno === 0) break;
      this.#mayRetry(name, errno, "create");
    }
    this.#unfinished = true;
  }

  /** Text of the temporary name that was made last. */
  get temporaryText(): string {
    return this.#temporary.text();
  }

  /** The text of the last temporary name, which is from now on somebody else's to remove. */
  handOverTemporary(): string {
    this.#unfinished = false;
    return this.temporaryText;
  }

  /** Removes what is unfinished. */
  abandon(): void {
    if (this.#unfinished) this.calls.unlinkat(this.folder, this.#temporary.address, 0);
    this.#unfinished = false;
  }

  /** Writes everything. Returns 0 or the error number. */
  writeAll(descriptor: number, address: number, length: number): number {
    for (let done = 0; done < length;) {
      const wrote = this.calls.write(descriptor, address + done, length - done);
      if (wrote >= 0) done += wrote;
      else {
        const errno = this.calls.errno();
        if (errno !== EINTR) return errno;
      }
    }
    return 0;
  }

  /**
   * Attributes, close, rename. On failure the temporary name is gone; the descriptor is closed either way. If only
   * extended attributes or times could not be set, the file has its final name.
   *
   * @returns how the file looks, where that is wanted; until the next call.
   */
  publish(
    descriptor: number,
    temporary: number,
    name: number,
    attributes: Attributes,
    block?: Uint8Array,
  ): FileLook | undefined {
    const { calls, options, xattrs } = this;
    let errno = 0;
    let refused: Refusal | undefined;
    if (options.preserve) {
      const owned = this.attributes.setOwner(descriptor, attributes.uid, attributes.gid);
      refused = xattrs?.setPlain(descriptor, block);
      if (!this.attributes.setModeAndTimes(descriptor, attributes, owned)) errno = calls.errno();
      refused = xattrs?.setLists(descriptor, block, { isFolder: false }) ?? refused;
    } else {
      refused = xattrs?.setPlain(descriptor, block);
      const mode = plainMode(attributes.mode, options.umask);
      // What open(2) took away from the mode has to be given back.
      const differs = xattrs !== undefined || (mode & this.#processUmask) !== 0;
      if (differs && calls.fchmod(descriptor, mode) !== 0) errno = calls.errno();
      if (options.keepTimes) this.attributes.setModificationTime(descriptor, attributes);
    }
    if (options.fsync && errno === 0) errno = this.#sync(descriptor);
    const looked = options.looks && this.#look.fill(descriptor, this.#itself.address, AT_EMPTY_PATH);
    // Some file systems say only now that nothing more fits.
    if (calls.close(descriptor) !== 0 && errno === 0) errno = calls.errno();
    if (errno !== 0 && errno !== EINTR) throw this.failed(name, errno, temporary);
    this.#giveName(temporary, name);
    const timeErrno = this.attributes.takeTimeErrno();
    if (timeErrno !== 0) throw unsetTimeCall(this.textOf(name), timeErrno);
    if (refused) throw xattrs!.failure(this.textOf(name), refused);
    return looked ? this.#look : undefined;
  }

  /** fsync(2). Returns 0 or the error number. */
  #sync(descriptor: number): number {
    for (;;) {
      if (this.calls.fsync(descriptor) === 0) return 0;
      const errno = this.calls.errno();
      if (errno !== EINTR) return errno;
    }
  }

  #giveName(temporary: number, name: number): void {
    this.#keepFormer(name);
    if (!this.options.preserve) {
      if (this.#renameNew(temporary, name)) return;
      this.#keepExisting(temporary, name);
    }
    this.#rename(temporary, name);
  }

  /** The final name for what has no attributes to be handed down. @throws {FileError} */
  rename(temporary: number, name: number): void {
    this.#keepFormer(name);
    this.#rename(temporary, name);
  }

  /** With `keepsFormer`: what has this name is going to be replaced, and stays under another one. */
  #keepFormer(name: number): void {
    const { calls, folder, options } = this;
    if (!options.keepsFormer) return;
    const bytes = nameAt(name);
    calls.unlinkat(folder, this.#otherName.putName(encodeName(unverifiedName(bytes))), 0);
    if (!this.#mayBeForgotten(name)) return;
    // Nothing may be there, or its first one already, or no hard links be had.
    calls.linkat(folder, name, folder, this.#otherName.putName(encodeName(formerName(options.token, bytes))), 0);
  }

  #mayBeForgotten(name: number): boolean {
    const { attributes: { isRoot, user }, folder } = this;
    if (isRoot) return true;
    if (!this.#statx.fill(folder, name, AT_SYMLINK_NOFOLLOW)) return false;
    const { uid } = this.#statx;
    return this.#statx.fill(folder, this.#itself.address, AT_EMPTY_PATH) && mayBeForgotten(user, { uid }, this.#statx);
  }

  #rename(temporary: number, name: number): void {
    if (this.calls.renameat(this.folder, temporary, this.folder, name) !== 0) {
      throw this.failed(name, this.calls.errno(), temporary);
    }
    this.#unfinished = false;
  }

  /** The failure of the thing with this final name. Its temporary name, 0 for none, is removed. */
  failed(name: number, errno: number, temporary: number, act = "write"): FileError {
    if (temporary !== 0) this.calls.unlinkat(this.folder, temporary, 0);
    this.#unfinished = false;
    return failedCall(act, this.textOf(name), errno);
  }

  /** What the user would call the thing with this final name. */
  textOf(name: number): string {
    const root = this.roots[this.root];
    const folder = root.kind === "folder" ? targetText(root, this.path) : rootFolder(root);
    return joinPath(folder, decodeName(nameAt(name)));
  }

  close(): void {
    this.folders.close();
    this.folder = this.root = -1;
  }

  #mayRetry(name: number, errno: number, act: string): void {
    if (errno === EEXIST || errno === EINTR) return;
    if (errno !== EACCES || !this.#openUp()) throw this.failed(name, errno, 0, act);
  }

  /** Gives ourselves write permission in the current folder for the time being, where it is ours. */
  #openUp(): boolean {
    // The folder that a file is copied into is no part of the copy: there the user's word counts.
    if (this.roots[this.root].kind !== "folder") return false;
    return this.folders.openUp(this.root, this.path, this.folder, this.attributes.user);
  }

  /** Renames where nothing has the name yet, which spares a look at it. Returns whether that is done. */
  #renameNew(temporary: number, name: number): boolean {
    if (!this.#renamesNew) return false;
    if (this.calls.renameNew(this.folder, temporary, this.folder, name) === 0) {
      this.#unfinished = false;
      return true;
    }
    // Neither every kernel nor every file system has it; rename(2) shall tell of everything else.
    const errno = this.calls.errno();
    if (errno === EINVAL || errno === ENOSYS) this.#renamesNew = false;
    return false;
  }

  /** A file that is replaced hands down its mode, and its owner where permitted. */
  #keepExisting(temporary: number, name: number): void {
    const { calls, folder } = this;
    if (!this.#statx.fill(folder, name, AT_SYMLINK_NOFOLLOW)) return;
    const { mode, uid, gid } = this.#statx;
    if ((mode & 0o170000) !== FileKind.file) return;
    const { path, noFollow, closeOnExec } = calls.flags;
    const place = calls.openat(folder, temporary, path | noFollow | closeOnExec, 0);
    if (place < 0) throw this.failed(name, calls.errno(), temporary);
    if (!this.attributes.isOwn(uid, gid)) this.attributes.setOwnerOfPath(place, uid, gid);
    const errno = this.attributes.setModeOfPath(place, keptMode(mode));
    calls.close(place);
    if (errno !== 0) throw this.failed(name, errno, temporary);
  }
}

function nameAt(address: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) return new Uint8Array();
  const view = new Deno.UnsafePointerView(pointer);
  let length = 0;
  while (length < 256 && view.getUint8(length) !== 0) length++;
  return length === 0 ? new Uint8Array() : new Uint8Array(view.getArrayBuffer(length).slice(0));
}
