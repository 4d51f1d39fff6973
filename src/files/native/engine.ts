/** The engine that uses system calls directly. Linux only. */

import { Errno, errnoText } from "../../native/libc/errno.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls, openFileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import type { DirectoryToMake, FileEngine, PathCalls } from "../engine/engine.ts";
import type { SourceRoot } from "../engine/source.ts";
import type { TargetOptions } from "../engine/target_options.ts";
import { failedCall } from "../stat/file_failure.ts";
import { type FileIdentity, isSameFile, swapped } from "../stat/file_identity.ts";
import { spaceOf } from "../stat/free_space.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { NativeDirectories } from "./directories.ts";
import { listDirectory, NativeLister } from "./lister.ts";
import { makeDirectory } from "./root_directory.ts";
import { LONGEST_PATH_BYTES, openPath, pathOfOpen, SCRATCH_BYTES } from "./open.ts";
import { openSharedFile } from "./range_reader.ts";
import { NativeReader } from "./reader.ts";
import { readStat } from "./stat.ts";
import { NativeTree } from "./tree.ts";
import { NativeCommits } from "./target/commits.ts";
import { NativePartialCalls } from "./target/partial_calls.ts";
import { NativeStaging } from "./target/staging.ts";
import { NativeTargetDirectory } from "./target/directory.ts";
import { NativeDevice } from "./device.ts";
import type { WriterOptions } from "../write/target_directory.ts";
import { openTarget } from "../write/open_target.ts";
import { TreeWalk, walksLinks } from "../walk/tree_walk.ts";

/**
 * Returns the native engine of this thread, after a test of its system calls.
 *
 * @throws {Error} If they do not work; the message is the reason.
 */
export function createNativeEngine(options: { openat2?: boolean } = {}): { engine: FileEngine; note?: string } {
  const calls = openFileCalls();
  const root = new PinnedBuffer(8);
  root.putName(encodeName("/"));
  const statx = new Statx(calls);
  if (!statx.fill(AT_FDCWD, root.address, 0)) throw new Error(`statx failed: ${errnoText(calls.errno())}`);
  if (statx.kind !== FileKind.directory) throw new Error("statx reports that / is not a directory");
  const openat2 = options.openat2 ?? hasOpenat2(calls);
  const directoriesOf = (roots: SourceRoot[]) =>
    new NativeDirectories(calls, (root) => roots[root], { openat2, operation: "read" });
  let xattrs: typeof import("./xattrs.ts") | undefined;
  const xattrWriterOf = (options: TargetOptions) =>
    options.xattrs || options.acls ? new xattrs!.XattrWriter(calls, options) : undefined;
  const openDirectory = (options: WriterOptions) =>
    new NativeTargetDirectory(calls, options, { openat2, xattrs: xattrWriterOf(options.options) });
  const targetDirectory = (options: WriterOptions) => {
    const directory = openDirectory(options);
    const partials = new NativePartialCalls(directory);
    return { directory, staging: new NativeStaging(directory), commits: new NativeCommits(directory), partials };
  };
  const loadComparer = async () => {
    const { NativeCompareCalls } = await import("./target/compare_calls.ts");
    const { EngineComparer } = await import("../write/target_comparer.ts");
    return (options: WriterOptions) =>
      new EngineComparer(() => {
        const directory = openDirectory(options);
        return { directory, calls: new NativeCompareCalls(directory) };
      }, options);
  };
  const engine: FileEngine = {
    name: "native",
    paths: new NativePaths(calls),
    freeSpace: (directory) => Promise.resolve(freeSpace(calls, directory)),
    async loadXattrs() {
      xattrs ??= await import("./xattrs.ts");
    },
    walk(roots, walkOptions) {
      const reader = walkOptions.xattrs || walkOptions.acls ? new xattrs!.XattrReader(calls, walkOptions) : undefined;
      const directories = walksLinks(walkOptions) ? undefined : directoriesOf(roots);
      const walk = new TreeWalk(roots, new NativeLister(calls, { xattrs: reader, directories }), walkOptions);
      if (!directories) return walk;
      return {
        next: () => walk.next(),
        close() {
          walk.close();
          directories.close();
        },
      };
    },
    openTree: (root) => new NativeTree(calls, directoriesOf([root])),
    sourceReader: (roots, { follow = true } = {}) =>
      new NativeReader(calls, roots, follow ? undefined : directoriesOf(roots)),
    openTarget(roots, targetOptions) {
      const options = { roots, options: targetOptions };
      const createDevice = (path: string, identity?: FileIdentity) => new NativeDevice(calls, path, identity);
      return openTarget({ openDirectory: targetDirectory, createDevice }, options);
    },
    openShared: (process, file) => openSharedFile(calls, process, file),
    async targetComparer(roots, targetOptions) {
      return (await loadComparer())({ roots, options: targetOptions });
    },
    async linkDestinations(roots, targetOptions) {
      const openComparer = await loadComparer();
      const { EngineLinkDestinations } = await import("../write/link_destinations.ts");
      return new EngineLinkDestinations({ openDirectory: targetDirectory, openComparer }, {
        roots,
        options: targetOptions,
      });
    },
  };
  return openat2
    ? { engine }
    : { engine, note: "The native file engine opens directories one by one: openat2 is missing" };
}

function hasOpenat2(calls: FileCalls): boolean {
  const how = new PinnedBuffer(32);
  const { path, directoryOnly, closeOnExec } = calls.flags;
  how.view.setUint32(0, path | directoryOnly | closeOnExec, true);
  how.putName(encodeName("/"), 24);
  const descriptor = calls.openat2(AT_FDCWD, how.address + 24, how.address);
  if (descriptor >= 0) calls.close(descriptor);
  return descriptor >= 0;
}

/** Calls statfs(2). Its struct has fields of 8 bytes on 64-bit processors: type, bsize, blocks, bfree, bavail. */
function freeSpace(calls: FileCalls, directory: string): number | undefined {
  const path = encodeName(directory);
  const scratch = new PinnedBuffer(path.length + 1);
  const fields = new PinnedBuffer(256);
  if (calls.statfs(scratch.putName(path), fields.address) !== 0) return undefined;
  const field = (index: number) => Number(fields.view.getBigUint64(index * 8, true));
  const isRoot = calls.geteuid() === 0;
  return spaceOf({ type: field(0), bsize: field(1), blocks: field(2), bfree: field(3), bavail: field(4) }, isRoot);
}

class NativePaths implements PathCalls {
  readonly #calls: FileCalls;
  readonly #statx: Statx;
  readonly #path = new PinnedBuffer(SCRATCH_BYTES);

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#statx = new Statx(calls);
  }

  stat(path: string, options: { follow: boolean }): FileStat | undefined {
    const name = this.#path.putName(encodeName(path));
    if (!this.#statx.fill(AT_FDCWD, name, options.follow ? 0 : AT_SYMLINK_NOFOLLOW)) {
      const errno = this.#calls.errno();
      if (errno === Errno.ENOENT) return undefined;
      throw failedCall("examine", path, errno);
    }
    const stat = new FileStat();
    readStat(this.#statx, stat);
    return stat;
  }

  makeDirectory(path: string, place: DirectoryToMake): FileIdentity {
    return makeDirectory(this.#calls, path, place, this.#path);
  }

  holdDirectory(path: string, identity: FileIdentity): { close(): void } | undefined {
    const calls = this.#calls;
    const { flags } = calls;
    const all = flags.path | flags.directoryOnly | flags.closeOnExec;
    const opened = openPath(calls, AT_FDCWD, encodeName(path), all, this.#path);
    if (opened < 0) throw failedCall("create", path, -opened);
    if (this.#statx.fillOpen(opened) && isSameFile(this.#statx, identity)) return { close: () => calls.close(opened) };
    calls.close(opened);
    throw swapped("create", path);
  }

  list(path: string): Iterable<GlobEntry> {
    return listDirectory(this.#calls, path);
  }

  readLink(path: string): string {
    const name = this.#path.putName(encodeName(path));
    const to = this.#path.bytes.length - LONGEST_PATH_BYTES;
    const length = this.#calls.readlinkat(AT_FDCWD, name, this.#path.address + to, LONGEST_PATH_BYTES);
    if (length < 0) throw failedCall("find", path, this.#calls.errno());
    return decodeName(this.#path.bytes.subarray(to, to + length));
  }

  realPath(path: string): string {
    const calls = this.#calls;
    const opened = openPath(calls, AT_FDCWD, encodeName(path), calls.flags.path | calls.flags.closeOnExec, this.#path);
    if (opened < 0) throw failedCall("find", path, -opened);
    const real = pathOfOpen(calls, opened, this.#path);
    const errno = real === undefined ? calls.errno() : 0;
    calls.close(opened);
    if (real === undefined) throw failedCall("find", path, errno);
    return real;
  }
}
