/** Current directory of a native writer. */

import { addressOf, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { isMountPoint } from "../../../native/file/mount_points.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { Errno, SystemCallError } from "../../../native/libc/errno.ts";
import { decodeName, encodeName } from "../../../protocol/names.ts";
import type { FinishedDirectory } from "../../engine/directory_writer.ts";
import type { PendingDirectory } from "../../engine/target_place.ts";
import type { TargetOptions } from "../../engine/target_options.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import type { GlobEntry } from "../../glob/expand.ts";
import { LONGEST_TARGET_BYTES } from "../../path/link_target.ts";
import { joinPath } from "../../path/local_path.ts";
import type { FileStat } from "../../stat/file_stat.ts";
import { type DirectoryAccess, mayBePlanted, mayDelete } from "../../target/directory_access.ts";
import { rootDirectory, rootPath, targetText } from "../../target/name.ts";
import { replaceGuard } from "../../target/replace_guard.ts";
import type { TargetDirectory, WriterOptions } from "../../write/target_directory.ts";
import { NativeAttributes } from "../attributes.ts";
import { NativeDirectories } from "../directories.ts";
import { listDirectory } from "../lister.ts";
import { finishDirectory } from "./finish.ts";
import { descriptorPath, openOnce } from "../open.ts";
import { readStat } from "../stat.ts";
import type { XattrWriter } from "../xattrs.ts";

/** Features of the native engine on this system. */
export interface NativeFeatures {
  openat2: boolean;
  /** Undefined if neither extended attributes nor access control lists are set. */
  xattrs?: XattrWriter;
}

/** Names are addresses of NUL-terminated bytes, relative to `descriptor`. */
export class NativeTargetDirectory implements TargetDirectory<number> {
  readonly calls: FileCalls;
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly directories: NativeDirectories;
  readonly attributes: NativeAttributes;
  readonly xattrs: XattrWriter | undefined;
  root = -1;
  path = "";
  /** Descriptor (O_PATH) of the directory, -1 if there is none. */
  descriptor = -1;
  #access: DirectoryAccess | undefined;
  #statx: Statx | undefined;
  readonly #name = new PinnedBuffer(512);
  readonly #dot = new PinnedBuffer(2);
  readonly #other = new PinnedBuffer(512);
  #link: PinnedBuffer | undefined;

  constructor(calls: FileCalls, { roots, options }: WriterOptions, { openat2, xattrs }: NativeFeatures) {
    this.calls = calls;
    this.roots = roots;
    this.options = options;
    this.directories = new NativeDirectories(calls, (root) => rootDirectory(roots[root]), {
      openat2,
      dirlinks: options.dirlinks,
      replaces: options.replaces && {
        list: (path) => listDirectory(calls, path),
        check: replaceGuard(options.replaces),
      },
    });
    this.attributes = new NativeAttributes(calls);
    this.xattrs = xattrs;
  }

  /** Access to the directory. */
  get access(): DirectoryAccess {
    return this.#access ??= this.directories.access();
  }

  get isShared(): boolean {
    return this.access.shared;
  }

  get isAppendOnly(): boolean {
    return this.access.appendOnly;
  }

  get place(): string {
    return descriptorPath(this.descriptor);
  }

  enter(root: number, path: string, options: { create: boolean }): void {
    this.descriptor = -1;
    this.descriptor = this.directories.open(root, path, options);
    this.#access = undefined;
    this.root = root;
    this.path = path;
  }

  /** Opens the current directory again, after `directories` has opened another one. @throws {FileError} */
  reopen(): void {
    this.descriptor = -1;
    this.descriptor = this.directories.open(this.root, this.path, { create: true });
  }

  takeCreated(): PendingDirectory[] {
    return this.directories.takeCreated();
  }

  addPermissions(): boolean {
    return this.directories.addPermissions(this.root, this.path, this.descriptor, this.attributes.user);
  }

  nameOf(text: string): number {
    return this.#name.putName(encodeName(text));
  }

  nameIn(bytes: Uint8Array<ArrayBuffer>, start: number, _end: number): number {
    return addressOf(bytes.buffer) + bytes.byteOffset + start;
  }

  stat(name: number, into: FileStat): boolean {
    const statx = this.#statx ??= new Statx(this.calls);
    if (!statx.fill(this.descriptor, name, AT_SYMLINK_NOFOLLOW)) {
      const errno = this.calls.errno();
      if (errno === Errno.ENOENT) return false;
      throw new SystemCallError(errno);
    }
    readStat(statx, into);
    return true;
  }

  statSelf(into: FileStat): void {
    const statx = this.#status();
    if (!statx) throw new SystemCallError(this.calls.errno());
    readStat(statx, into);
  }

  readLink(name: number): Uint8Array | undefined {
    const { bytes, address } = this.#link ??= new PinnedBuffer(LONGEST_TARGET_BYTES + 1);
    const length = this.calls.readlinkat(this.descriptor, name, address, bytes.length);
    return length < 0 ? undefined : bytes.subarray(0, length);
  }

  textOf(name: number): string {
    const root = this.roots[this.root];
    const directory = root.kind === "folder" ? targetText(root, this.path) : rootPath(root);
    return joinPath(directory, decodeName(bytesAt(name)));
  }

  bytesOf(name: number): Uint8Array {
    return bytesAt(name);
  }

  mayDelete(uid: number): boolean {
    const { user } = this.attributes;
    const status = user === 0 ? undefined : this.#status();
    return user === 0 || (status !== undefined && mayDelete(user, { uid }, status));
  }

  mayBePlanted(uid: number): boolean {
    const { user } = this.attributes;
    if (uid === user) return false;
    const status = this.#status();
    return status === undefined || mayBePlanted(user, { uid }, status);
  }

  isMountPoint(name: number): boolean {
    const statx = this.#statx ??= new Statx(this.calls);
    if (!statx.fill(this.descriptor, name, AT_SYMLINK_NOFOLLOW)) return false;
    return statx.isMountPoint ?? isMountPoint(joinPath(Deno.realPathSync(this.place), decodeName(bytesAt(name))));
  }

  checkSameCase(): void {}

  list(): Iterable<GlobEntry> {
    return listDirectory(this.calls, this.place);
  }

  removeEntry(name: number, { isDirectory }: { isDirectory: boolean }): void {
    if (this.calls.unlinkat(this.descriptor, name, isDirectory ? AT_REMOVEDIR : 0) === 0) return;
    throw new SystemCallError(this.calls.errno());
  }

  remove(name: string): void {
    this.calls.unlinkat(this.descriptor, this.#other.putName(encodeName(name)), 0);
  }

  keepPlace(): { path: string; close(): void } {
    const { calls } = this;
    const { path, directoryOnly, closeOnExec } = calls.flags;
    const name = this.#dot.putName(encodeName("."));
    const descriptor = openOnce(calls, this.descriptor, name, path | directoryOnly | closeOnExec);
    if (descriptor < 0) throw new SystemCallError(-descriptor);
    return { path: descriptorPath(descriptor), close: () => calls.close(descriptor) };
  }

  finish(directory: FinishedDirectory): void {
    const { attributes, options, xattrs } = this;
    const text = targetText(this.roots[this.root], this.path);
    finishDirectory(this.calls, this.descriptor, directory, { text, options, attributes, xattrs });
  }

  close(): void {
    this.directories.close();
    this.descriptor = this.root = -1;
  }

  /** Reads the status of the directory itself. Returns undefined if it cannot be read. */
  #status(): Statx | undefined {
    const statx = this.#statx ??= new Statx(this.calls);
    return statx.fillOpen(this.descriptor) ? statx : undefined;
  }
}

/** Returns the bytes of the name at an address. */
function bytesAt(address: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) return new Uint8Array();
  const view = new Deno.UnsafePointerView(pointer);
  let length = 0;
  while (length < 256 && view.getUint8(length) !== 0) length++;
  return length === 0 ? new Uint8Array() : new Uint8Array(view.getArrayBuffer(length).slice(0));
}
