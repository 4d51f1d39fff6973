/** Reading sources with `Deno.*Sync`. */

import { FileError } from "../errors.ts";
import { decodeName, hasEscapedBytes } from "../protocol/names.ts";
import { checkRealPath } from "./confinement.ts";
import type { FileIdentity, RangeReader, SourceReader, SourceRoot, WalkOptions } from "./engine.ts";
import { failedDeno, failedWith, FileCode } from "./file_failure.ts";
import { changeBetween, FileChange } from "./file_change.ts";
import { type ChangeTimes, FileKind, FileStat } from "./file_stat.ts";
import { joinPath } from "./local_path.ts";
import { readOpen, readPath, sentModeMask } from "./portable_stat.ts";
import { hasGrown, isSpecial } from "./source_failure.ts";

export class PortableReader implements SourceReader {
  readonly stat = new FileStat();
  uncached = false;
  prefix = false;
  change: number = FileChange.none;
  readonly #roots: SourceRoot[];
  readonly #modeMask: number;
  readonly #after = new FileStat();
  #folder = "";
  #within: string | undefined;

  constructor(roots: SourceRoot[], { preserve = false }: Pick<WalkOptions, "preserve"> = {}) {
    this.#roots = roots;
    this.#modeMask = sentModeMask(preserve);
  }

  get folderPath(): string {
    return this.#folder;
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const { path, kind } = this.#roots[root];
    const folder = joinPath(path, start === end ? "" : decodeName(bytes.subarray(start, end)));
    if (kind === "folder") {
      try {
        checkRealPath("read", folder, this.#roots[root].within);
        if (!Deno.statSync(folder).isDirectory) throw failedWith("read", folder, "ENOTDIR");
      } catch (error) {
        throw failedDeno("read", folder, error);
      }
    }
    this.#folder = folder;
    this.#within = this.#roots[root].within;
  }

  readWhole(
    names: Uint8Array<ArrayBuffer>,
    nameStart: number,
    nameEnd: number,
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    limit: number,
  ): number {
    const path = joinPath(this.#folder, nameStart === nameEnd ? "" : decodeName(names.subarray(nameStart, nameEnd)));
    checkRealPath("read", path, this.#within);
    const file = openRegular(path, this.stat);
    this.stat.mode &= this.#modeMask;
    try {
      const { size } = this.stat;
      if (size > limit && !this.prefix) throw hasGrown(path);
      const wanted = size === 0 ? limit : Math.min(size, limit);
      const length = readFully(file, buffer, at, wanted, path);
      // Files of /proc say that they have 0 bytes, and have more.
      if (size === 0 && length === limit && limit > 0 && !this.prefix) throw hasGrown(path);
      readOpen(file, path, this.#after);
      // Fewer bytes than the size are not a change: files of /sys say that they have 4096.
      this.change = changeBetween(this.stat, this.#after);
      return length;
    } finally {
      file.close();
    }
  }

  openRanged(root: number, path: string, expected?: FileIdentity): RangeReader {
    const text = joinPath(this.#roots[root].path, path);
    checkRealPath("read", text, this.#roots[root].within);
    const file = openRegular(text, this.stat);
    const { dev, inode } = this.stat;
    if (expected && (expected.dev !== dev || expected.inode !== inode)) {
      file.close();
      throw new FileError("read", text, "another file has taken its place", { code: "ESTALE" });
    }
    return new PortableRangeReader(file, text);
  }

  close(): void {}
}

/** A large file, open. */
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

  /** No call of `Deno.*` tells of holes: they are found when their zeros have been read. */
  holeAt(): number {
    return 0;
  }

  dataAt(_offset: number, length: number): number {
    return length;
  }

  /** Deno has no way to say it. */
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

/** Looks before it opens: opening a FIFO would wait for its other end. */
function openRegular(path: string, stat: FileStat): Deno.FsFile {
  if (hasEscapedBytes(path)) throw new FileError("read", path, "its name is not UTF-8", { code: FileCode.notText });
  let file: Deno.FsFile | undefined;
  try {
    readPath(path, { follow: true }, stat);
    if (stat.kind !== FileKind.file) throw isSpecial(path, stat.kind);
    file = Deno.openSync(path);
    readOpen(file, path, stat);
    return file;
  } catch (error) {
    file?.close();
    throw failedDeno("read", path, error);
  }
}

function readFully(file: Deno.FsFile, buffer: Uint8Array, at: number, wanted: number, path: string): number {
  let length = 0;
  try {
    while (length < wanted) {
      const got = file.readSync(buffer.subarray(at + length, at + wanted));
      if (got === null || got === 0) break;
      length += got;
    }
  } catch (error) {
    throw failedDeno("read", path, error);
  }
  return length;
}
