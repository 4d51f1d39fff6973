/**
 * Files that are none, for measuring network and cipher alone: names and sizes of sources are real, contents are made up;
 * what is to be written is thrown away, and no target is touched.
 */

import { decodeName } from "../../protocol/names.ts";
import type { Partial, Target } from "../engine/target.ts";
import type { FileEngine, PathCalls } from "../engine/engine.ts";
import type { RangeReader, SourceReader, SourceRoot } from "../engine/source.ts";
import { FileChange } from "../stat/file_change.ts";
import { failedWith, hasGrown, isSpecial } from "../stat/file_failure.ts";
import { UNKNOWN_FILE } from "../stat/file_identity.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { joinPath } from "../path/local_path.ts";
import { isSynthetic, syntheticStat } from "./synthetic.ts";

/** The engine with other contents; its walk and its look at paths stay. */
export function createNullEngine(engine: FileEngine): FileEngine {
  return {
    ...engine,
    dummy: true,
    sourceReader: (roots) => new GeneratingReader(engine.paths, roots),
    openTarget: () => discardingTarget(),
  };
}

/** What file contents are made of: looks random, is always the same. */
const PATTERN_BYTES = 1 << 20;
let pattern: Uint8Array<ArrayBuffer> | undefined;

/** Writes what bytes [offset, offset + length) of every file are to buffer[at...]. */
export function generate(buffer: Uint8Array, at: number, length: number, offset: number): void {
  pattern ??= makePattern();
  for (let done = 0; done < length;) {
    const start = (offset + done) % PATTERN_BYTES;
    const most = Math.min(PATTERN_BYTES - start, length - done);
    buffer.set(pattern.subarray(start, start + most), at + done);
    done += most;
  }
}

/** Xorshift with 32 bits (Marsaglia, 2003). */
function makePattern(): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(PATTERN_BYTES / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

class GeneratingReader implements SourceReader {
  stat = new FileStat();
  directoryPath = "";
  uncached = false;
  prefix = false;
  readonly change: number = FileChange.none;
  readonly #paths: PathCalls;
  readonly #roots: SourceRoot[];
  #root?: SourceRoot;

  constructor(paths: PathCalls, roots: SourceRoot[]) {
    this.#paths = paths;
    this.#roots = roots;
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#root = this.#roots[root];
    this.directoryPath = joinPath(this.#root.path, decodeName(bytes.subarray(start, end)));
  }

  readWhole(
    names: Uint8Array<ArrayBuffer>,
    nameStart: number,
    nameEnd: number,
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    limit: number,
  ): number {
    const path = joinPath(this.directoryPath, decodeName(names.subarray(nameStart, nameEnd)));
    const { size } = this.#look(path);
    if (size > limit) throw hasGrown(path);
    generate(buffer, at, size, 0);
    return size;
  }

  openRanged(root: number, path: string): RangeReader {
    const text = joinPath(this.#roots[root].path, path);
    const { size } = this.#look(text);
    return {
      path: text,
      size,
      readAt(buffer, at, length, offset) {
        const most = Math.max(0, Math.min(length, size - offset));
        generate(buffer, at, most, offset);
        return most;
      },
      holeAt: () => 0,
      dataAt: (_, length) => length,
      forgetCache() {},
      changeSince: () => FileChange.none,
      close() {},
    };
  }

  close(): void {}

  #look(path: string): FileStat {
    if (this.#root && isSynthetic(this.#root)) return this.stat = syntheticStat(this.#root);
    const stat = this.#paths.stat(path, { follow: true });
    if (!stat) throw failedWith("read", path, "ENOENT");
    if (stat.kind !== FileKind.file) throw isSpecial(path, stat.kind);
    return this.stat = stat;
  }
}

/** Returns targets that discard everything. */
function discardingTarget(): Target {
  const none = () => [];
  const nothing = () => {};
  const create = (root: number, path: string, size: number): Partial => {
    return { root, path, temporary: "dummy", size, identity: UNKNOWN_FILE };
  };
  return {
    small: {
      enter: nothing,
      takeCreated: none,
      takeBackups: none,
      writeWhole: () => undefined,
      makeLink: nothing,
    },
    partials: {
      takeCreated: none,
      takeBackups: none,
      create,
      begin: (root, path, size) => Promise.resolve({ partial: create(root, path, size), kept: [] }),
      open: ({ path }) => ({ path, writeAt() {}, zerosAt() {}, close() {} }),
      read() {
        throw new Error("Cannot read a discarded file");
      },
      sync: () => Promise.resolve(),
      commit: () => undefined,
      discard: nothing,
      keep: nothing,
    },
    directories: {
      finish: none,
      sync: () => Promise.resolve([]),
      sweep: nothing,
    },
    openDevice: () => undefined,
    abort: nothing,
    close: nothing,
  };
}
