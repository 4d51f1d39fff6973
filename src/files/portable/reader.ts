/**
 * Reads sources with `Deno.*Sync`. If symbolic links are not followed, a path is checked directly before and after it is
 * opened. A change in between can go unnoticed.
 */

import { FileError } from "../../errors.ts";
import { decodeName, hasEscapedBytes } from "../../protocol/names.ts";
import { checkRealPath } from "../target/confinement.ts";
import type { RangeReader, ReadOptions, SourceReader, SourceRoot } from "../engine/source.ts";
import { changeBetween, FileChange } from "../stat/file_change.ts";
import { failedDeno, failedWith, FileCode, grownFile, specialFile, unexpectedLink } from "../stat/file_failure.ts";
import { type FileIdentity, isSameFile, replaced, swapped } from "../stat/file_identity.ts";
import { type ChangeTimes, FileKind, FileStat } from "../stat/file_stat.ts";
import { directoryOf, joinPath, splitRelativePath } from "../path/local_path.ts";
import { realPath } from "../path/real_path.ts";
import { canOthersSwap, isSharedByOthers, refersTo } from "./access.ts";
import { readOpen, readPath, sentModeMask } from "./stat.ts";

export class PortableReader implements SourceReader {
  readonly stat = new FileStat();
  uncached = false;
  prefix = false;
  change: number = FileChange.none;
  readonly #roots: SourceRoot[];
  readonly #modeMask: number;
  readonly #follow: boolean;
  readonly #after = new FileStat();
  #directory = "";
  /** Real path of the current directory, if links are not followed and others can change the path. */
  #real: string | undefined;
  #within: string | undefined;
  #root: SourceRoot | undefined;

  constructor(roots: SourceRoot[], { preserve = false, follow = true }: ReadOptions = {}) {
    this.#roots = roots;
    this.#modeMask = sentModeMask(preserve);
    this.#follow = follow;
  }

  get directoryPath(): string {
    return this.#directory;
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const source = this.#roots[root];
    const below = start === end ? "" : decodeName(bytes.subarray(start, end));
    const directory = joinPath(source.path, below);
    if (source.kind === "folder") {
      try {
        checkRealPath("read", directory, source.within);
        if (!Deno.statSync(directory).isDirectory) throw failedWith("read", directory, "ENOTDIR");
        this.#real = this.#follow ? undefined : watchedDirectory(source, below);
      } catch (error) {
        throw failedDeno("read", directory, error);
      }
    }
    this.#directory = directory;
    this.#root = source;
    this.#within = source.within;
  }

  readWhole(
    names: Uint8Array<ArrayBuffer>,
    nameStart: number,
    nameEnd: number,
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    limit: number,
  ): number {
    const path = joinPath(this.#directory, nameStart === nameEnd ? "" : decodeName(names.subarray(nameStart, nameEnd)));
    checkRealPath("read", path, this.#within);
    const isRoot = nameStart === nameEnd;
    const file = openRegular(path, this.stat, { follow: this.#follow || isRoot });
    this.stat.mode &= this.#modeMask;
    try {
      if (!this.#follow) this.#checkOpen(path, isRoot ? this.#root : undefined, this.#real);
      const { size } = this.stat;
      if (size > limit && !this.prefix) throw grownFile(path);
      const expected = size === 0 ? limit : Math.min(size, limit);
      const length = readFully(file, buffer, at, expected, path);
      readOpen(file, path, this.#after);
      // Files of /proc have a size of 0, and contain more. A log that was empty has a size now.
      const isFull = size === 0 && length === limit && limit > 0 && this.#after.size === 0;
      if (isFull && !this.prefix) throw grownFile(path);
      // Fewer bytes than the size are not a change: files of /sys have a size of 4096.
      this.change = changeBetween(this.stat, this.#after);
      return length;
    } finally {
      file.close();
    }
  }

  openLarge(root: number, path: string, expected?: FileIdentity): RangeReader {
    const text = joinPath(this.#roots[root].path, path);
    const source = this.#roots[root];
    checkRealPath("read", text, source.within);
    const real = this.#follow || path === "" ? undefined : watchedDirectory(source, splitRelativePath(path).directory);
    const file = openRegular(text, this.stat, { follow: this.#follow || path === "" });
    try {
      if (!this.#follow) this.#checkOpen(text, path === "" ? source : undefined, real);
      if (expected && !isSameFile(expected, this.stat)) throw replaced("read", text);
      return new PortableRangeReader(file, text);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  close(): void {}

  /**
   * Checks that an open file is the one that its path refers to without following a link.
   *
   * @param root Root that is the file: a link is followed, and the file must be the one that was found.
   * @param real Real path of the directory of any other file; undefined if no other user can change the path.
   * @throws {FileError}
   */
  #checkOpen(path: string, root: SourceRoot | undefined, real: string | undefined): void {
    if (root) {
      if (!isSameFile(root.identity, this.stat)) throw replaced("read", path);
      return;
    }
    if (real === undefined) return;
    if (!refersTo(path, this.stat, { follow: false }) || realPathOf(directoryOf(path)) !== real) {
      throw replaced("read", path);
    }
  }
}

/** An open large file. */
export class PortableRangeReader implements RangeReader {
  readonly size: number;
  readonly #file: Deno.FsFile;
  readonly path: string;
  readonly #before = new FileStat();
  readonly #now = new FileStat();
  #open = true;

  constructor(file: Deno.FsFile, text: string) {
    this.#file = file;
    this.path = text;
    readOpen(file, text, this.#before);
    this.size = this.#before.size;
  }

  readAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number {
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
    } catch (error) {
      throw failedDeno("read", this.path, error);
    }
    return readFully(this.#file, buffer, at, length, this.path);
  }

  /** `Deno.*` does not report holes; the sender finds their zeros. */
  holeAt(): number {
    return 0;
  }

  dataAt(_offset: number, length: number): number {
    return length;
  }

  /** Deno does not support this. */
  forgetCache(): void {}

  changeSince({ mtime, mtimeNs, ctime, ctimeNs }: ChangeTimes = this.#before): number {
    readOpen(this.#file, this.path, this.#now);
    return changeBetween({ mtime, mtimeNs, ctime, ctimeNs, size: this.size }, this.#now);
  }

  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }
}

/**
 * Checks that no component of a directory below a root is a link.
 *
 * @returns Real path of the directory; undefined if no other user can change the path.
 * @throws {FileError} and errors of `Deno.*`.
 */
function watchedDirectory(root: SourceRoot, below: string): string | undefined {
  if (!refersTo(root.path, root.identity, { follow: true })) throw swapped("read", root.path);
  const real = realPath(joinPath(root.path, below));
  if (real !== joinPath(realPath(root.path), below)) throw unexpectedLink(joinPath(root.path, below), "read");
  return isSharedByOthers(Deno.statSync(real)) || canOthersSwap(real) ? real : undefined;
}

function realPathOf(path: string): string | undefined {
  try {
    return realPath(path);
  } catch {
    return undefined;
  }
}

/** Opens a regular file. Examines the file before, because opening a FIFO would wait for its writer. */
function openRegular(path: string, stat: FileStat, { follow }: { follow: boolean }): Deno.FsFile {
  if (hasEscapedBytes(path)) throw new FileError("read", path, "its name is not UTF-8", { code: FileCode.notText });
  let file: Deno.FsFile | undefined;
  try {
    readPath(path, { follow }, stat);
    if (stat.kind === FileKind.symlink) throw unexpectedLink(path, "read");
    if (stat.kind !== FileKind.file) throw specialFile(path, stat.kind);
    const { dev, inode } = stat;
    file = Deno.openSync(path);
    readOpen(file, path, stat);
    if (!follow && !isSameFile({ dev, inode }, stat)) throw replaced("read", path);
    return file;
  } catch (error) {
    file?.close();
    throw failedDeno("read", path, error);
  }
}

function readFully(file: Deno.FsFile, buffer: Uint8Array, at: number, most: number, path: string): number {
  let length = 0;
  try {
    while (length < most) {
      const got = file.readSync(buffer.subarray(at + length, at + most));
      if (got === null || got === 0) break;
      length += got;
    }
  } catch (error) {
    throw failedDeno("read", path, error);
  }
  return length;
}
