/**
 * Directories below roots, by descriptor. A path is resolved from the descriptor of its root, and through a symbolic link
 * only with `dirlinks`: by openat2(2) in one step if the kernel has it, otherwise component by component.
 */

import { Errno } from "../../native/libc/errno.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { pointsOutside } from "../target/confinement.ts";
import type { DirectoryAccess } from "../target/directory_access.ts";
import type { PendingDirectory } from "../engine/target_place.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { failedCall, unexpectedLink } from "../stat/file_failure.ts";
import { type FileIdentity, identityOfStat, isSameFile, swapped } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import { joinPath } from "../path/local_path.ts";
import { hasEntry } from "../target/has_entry.ts";
import type { ReplaceGuard } from "../target/replace_guard.ts";
import { AccessReader } from "./access.ts";
import { followDirectoryLink } from "./directory_links.ts";
import { descriptorPath, isOpenWithin, LONGEST_PATH_BYTES, magicLink, openPath, SCRATCH_BYTES } from "./open.ts";
import { NEW_DIRECTORY_MODE } from "../stat/target_mode.ts";
import type { RootDirectory } from "../target/name.ts";

/** Operations for replacing entries by directories. */
interface Replacing {
  /** Lists a directory. @throws {Error} If it cannot be listed. */
  list(path: string): Iterable<GlobEntry>;
  readonly check: ReplaceGuard;
}

/**
 * Number of descriptors kept open besides that of the root. The number is small, because every stream keeps as many and the
 * limit of a process may be a few dozen. More than one helps only if directories are entered step by step.
 */
const KEPT = { whole: 1, stepwise: 4 } as const;
/** RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH. */
const RESOLVE = 0x02 | 0x04 | 0x08;

/** An open directory. */
interface OpenDirectory {
  /** Opened with O_PATH. */
  descriptor: number;
  access?: DirectoryAccess;
}

/** Opens directories, and keeps the last ones open. One per reader or writer. */
export class NativeDirectories {
  readonly #calls: FileCalls;
  readonly #rootAt: (root: number) => RootDirectory;
  readonly #openat2: boolean;
  readonly #operation: string;
  readonly #dirlinks: SharedArrayBuffer | undefined;
  readonly #replaces: Replacing | undefined;
  readonly #statx: Statx;
  readonly #path = new PinnedBuffer(LONGEST_PATH_BYTES + 1);
  readonly #long = new PinnedBuffer(SCRATCH_BYTES);
  readonly #how = new PinnedBuffer(24);
  readonly #kept = new Map<string, OpenDirectory>();
  readonly #maxKept: number;
  /** Directory of the last root. Only one is kept, because thousands of roots may be in different directories. */
  #root: OpenDirectory & { text: string; identity: FileIdentity } | undefined;
  /** Directory that was opened last. */
  #last: OpenDirectory | undefined;
  #reader: AccessReader | undefined;
  #created: PendingDirectory[] = [];

  /**
   * @param options.operation Operation in messages. Default: "create".
   * @param options.dirlinks As in `TargetOptions`.
   * @param options.replaces Lets a directory that is created replace another entry of its name.
   */
  constructor(
    calls: FileCalls,
    rootAt: (root: number) => RootDirectory,
    options: { openat2: boolean; operation?: string; dirlinks?: SharedArrayBuffer; replaces?: Replacing },
  ) {
    this.#calls = calls;
    this.#operation = options.operation ?? "create";
    this.#rootAt = rootAt;
    this.#openat2 = options.openat2;
    this.#dirlinks = options.dirlinks;
    this.#replaces = options.replaces;
    this.#maxKept = options.openat2 && !options.dirlinks ? KEPT.whole : KEPT.stepwise;
    this.#statx = new Statx(calls);
    const { path, directoryOnly, closeOnExec, noFollow } = calls.flags;
    this.#how.view.setUint32(0, path | directoryOnly | closeOnExec | noFollow, true);
    this.#how.view.setUint32(16, RESOLVE, true);
  }

  /**
   * Returns a descriptor (O_PATH) of a directory, valid until the next call. With `create`, missing directories are created.
   *
   * @throws {FileError}
   */
  open(root: number, path: string, options: { create: boolean }): number {
    const base = this.#openRoot(root);
    if (path === "") return base;
    const kept = this.#takeKept(root, path);
    if (kept !== undefined) return kept;
    const bytes = encodeName(path);
    if (this.#openat2 && bytes.length <= LONGEST_PATH_BYTES) {
      const result = this.#openOne(base, bytes);
      if (result >= 0) return this.#keep(root, path, result);
      const mayStep = (options.create && this.#mayCreate(-result)) || (-result === Errno.ELOOP && this.#dirlinks);
      if (!mayStep) throw this.#refused(root, path, -result);
    }
    return this.#openSteps(root, path, options.create);
  }

  /** Returns the access to the directory that was opened last. */
  access(): DirectoryAccess {
    this.#reader ??= new AccessReader(this.#calls);
    return this.#last!.access ??= this.#reader.of(this.#last!.descriptor);
  }

  /** Returns the directories that were created, or whose permissions were extended, since the last call. */
  takeCreated(): PendingDirectory[] {
    const created = this.#created;
    this.#created = [];
    return created;
  }

  /**
   * Gives this process full permissions in a directory that it owns. `takeCreated` reports the permissions to restore.
   *
   * @returns Whether permissions were added.
   */
  addPermissions(root: number, path: string, descriptor: number, user: number): boolean {
    const calls = this.#calls;
    if (!this.#statx.fillOpen(descriptor) || this.#statx.uid !== user) return false;
    const mode = this.#statx.mode & 0o7777;
    const open = mode | 0o700;
    if (open === mode) return false;
    if (calls.chmod(magicLink(descriptor, this.#path), open) !== 0) return false;
    this.#created.push({ root, path, created: false, mode, identity: identityOfStat(this.#statx) });
    return true;
  }

  close(): void {
    for (const { descriptor } of this.#kept.values()) this.#calls.close(descriptor);
    this.#kept.clear();
    this.#last = undefined;
    this.#closeRoot();
  }

  /** @throws {FileError} If the path of the root refers to another directory than the planned one. */
  #openRoot(root: number): number {
    const expected = this.#rootAt(root);
    if (this.#root?.text !== expected.path) {
      this.#closeRoot();
      this.#root = this.#openPath(expected);
    }
    const { descriptor, identity } = this.#root!;
    if (expected.identity && !isSameFile(expected.identity, identity)) {
      this.#closeRoot();
      throw swapped(this.#operation, expected.path);
    }
    this.#last = this.#root;
    return descriptor;
  }

  #openPath({ path: text, within, noFollow }: RootDirectory): OpenDirectory & { text: string; identity: FileIdentity } {
    const { flags } = this.#calls;
    const all = flags.path | flags.directoryOnly | flags.closeOnExec | (noFollow ? flags.noFollow : 0);
    const descriptor = openPath(this.#calls, AT_FDCWD, encodeName(text), all, this.#long);
    // A link has replaced the directory.
    if (noFollow && (descriptor === -Errno.ENOTDIR || descriptor === -Errno.ELOOP)) {
      throw swapped(this.#operation, text);
    }
    if (descriptor < 0) throw failedCall(this.#operation, text, -descriptor);
    const isOutside = within !== undefined && !isOpenWithin(this.#calls, descriptor, within, this.#long);
    if (isOutside || !this.#statx.fillOpen(descriptor)) {
      const errno = this.#calls.errno();
      this.#calls.close(descriptor);
      throw isOutside ? pointsOutside(this.#operation, text, within) : failedCall(this.#operation, text, errno);
    }
    return { descriptor, text, identity: identityOfStat(this.#statx) };
  }

  #closeRoot(): void {
    if (this.#root) this.#calls.close(this.#root.descriptor);
    if (this.#last === this.#root) this.#last = undefined;
    this.#root = undefined;
  }

  #openSteps(root: number, path: string, create: boolean): number {
    let done = path.length;
    let current: number | undefined;
    while (current === undefined) {
      done = path.lastIndexOf("/", done - 1);
      if (done === -1) break;
      current = this.#takeKept(root, path.slice(0, done));
    }
    let directory = current ?? this.#openRoot(root);
    for (let start = done + 1; start <= path.length;) {
      let end = path.indexOf("/", start);
      if (end === -1) end = path.length;
      const upTo = path.slice(0, end);
      directory = this.#keep(
        root,
        upTo,
        this.#openStep(root, upTo, directory, encodeName(path.slice(start, end)), create),
      );
      start = end + 1;
    }
    return directory;
  }

  #openStep(root: number, path: string, directory: number, name: Uint8Array, create: boolean): number {
    let result = this.#openOne(directory, name);
    if (result >= 0) return result;
    if (-result === Errno.ELOOP && this.#dirlinks) return this.#follow(root, path, directory, name);
    if (!create || !this.#mayCreate(-result)) throw this.#refused(root, path, -result);
    // If another stream has created the directory meanwhile, this fails.
    if (-result !== Errno.ENOENT) this.#removeReplaced(root, path, directory, name);
    const created = this.#calls.mkdirat(directory, this.#path.address, NEW_DIRECTORY_MODE) === 0;
    if (!created) {
      const errno = this.#calls.errno();
      // Another stream may have created the directory meanwhile.
      if (errno !== Errno.EEXIST) throw this.#refused(root, path, errno);
    }
    result = this.#openOne(directory, name);
    if (result < 0) throw this.#refused(root, path, -result);
    if (created) this.#created.push({ root, path, created, identity: this.#identityOf(result) });
    return result;
  }

  #identityOf(descriptor: number): FileIdentity | undefined {
    return this.#statx.fillOpen(descriptor) ? identityOfStat(this.#statx) : undefined;
  }

  /**
   * Removes an entry that a directory replaces.
   *
   * @throws {FileError} if it is protected, or of this copy with a name that differs in case.
   */
  #removeReplaced(root: number, path: string, directory: number, name: Uint8Array): void {
    const { list, check } = this.#replaces!;
    if (!hasEntry(list(descriptorPath(directory)), decodeName(name))) throw this.#refused(root, path, Errno.EEXIST);
    const address = this.#path.putName(name);
    if (!this.#statx.fill(directory, address, AT_SYMLINK_NOFOLLOW)) return;
    check(path, joinPath(this.#rootAt(root).path, path), this.#statx);
    this.#calls.unlinkat(directory, address, 0);
  }

  /** Returns whether a directory can be created after opening it has failed. */
  #mayCreate(errno: number): boolean {
    return errno === Errno.ENOENT ||
      (this.#replaces !== undefined && (errno === Errno.ENOTDIR || errno === Errno.ELOOP));
  }

  /** Returns a descriptor of the directory that a link points to. @throws {FileError} If the link is not followed. */
  #follow(root: number, path: string, directory: number, name: Uint8Array): number {
    const { path: rootText, within, source } = this.#rootAt(root);
    const text = joinPath(rootText, path);
    const policy = { created: this.#dirlinks!, source };
    const link = { operation: this.#operation, path: text };
    const result = followDirectoryLink(this.#calls, directory, name, policy, link);
    if (within === undefined || isOpenWithin(this.#calls, result, within, this.#long)) return result;
    this.#calls.close(result);
    throw pointsOutside(this.#operation, text, within);
  }

  /** Returns a descriptor, or minus the error number: ELOOP for a symbolic link. Leaves the name in `#path`. */
  #openOne(directory: number, name: Uint8Array): number {
    const calls = this.#calls;
    const address = this.#path.putName(name);
    const { path, directoryOnly, closeOnExec, noFollow } = calls.flags;
    for (;;) {
      const result = this.#openat2
        ? calls.openat2(directory, address, this.#how.address)
        : calls.openat(directory, address, path | directoryOnly | closeOnExec | noFollow, 0);
      if (result >= 0) return result;
      const errno = calls.errno();
      // openat2(2) fails with EAGAIN if a rename races with the check that the path stays beneath.
      if (errno === Errno.EINTR || errno === Errno.EAGAIN) continue;
      if (errno !== Errno.ENOTDIR || !this.#statx.fill(directory, address, AT_SYMLINK_NOFOLLOW)) return -errno;
      return this.#statx.kind === FileKind.symlink ? -Errno.ELOOP : -errno;
    }
  }

  #refused(root: number, path: string, errno: number) {
    const text = joinPath(this.#rootAt(root).path, path);
    if (errno === Errno.ELOOP) return unexpectedLink(text, this.#operation);
    return failedCall(this.#operation, text, errno);
  }

  #takeKept(root: number, path: string): number | undefined {
    const key = `${root}:${path}`;
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    this.#last = kept;
    return kept.descriptor;
  }

  #keep(root: number, path: string, descriptor: number): number {
    this.#last = { descriptor };
    this.#kept.set(`${root}:${path}`, this.#last);
    if (this.#kept.size > this.#maxKept) {
      const [key, oldest] = this.#kept.entries().next().value!;
      this.#calls.close(oldest.descriptor);
      this.#kept.delete(key);
    }
    return descriptor;
  }
}
