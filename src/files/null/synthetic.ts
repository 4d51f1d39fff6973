/** Sources that nobody has, for measuring: contents are made up for as long as it takes, and then there are no more. */

import { PACK_BYTES, PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import type { SourceRoot, Walk, WalkItem } from "../engine/source.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { PackBuilder } from "../walk/pack_builder.ts";

const NO_NAME = new Uint8Array(0);
/** Bytes of a file of each root: one for files that count for their number alone, then those that carry bytes. */
const SIZES = [64, 64 << 10, PACK_FILE_LIMIT];
/** What was given out is this many times what comes next, so that little is under way when the time is over. */
const SHARE = 16;
/** However fast it is, no more than this. */
const MOST_BYTES = 64 * 2 ** 30;

/** For the dummy engine: files without a path, whose size is that of their root. */
export const SYNTHETIC_ROOTS: readonly SourceRoot[] = SIZES.map((size) => ({
  path: "",
  name: `made-up-${size}`,
  kind: "file",
  identity: { dev: 0, inode: 0 },
  size,
}));

/** Whether there is no such file. */
export function isSynthetic(root: SourceRoot): boolean {
  return root.kind === "file" && root.path === "";
}

/** What is known of it. */
export function syntheticStat(root: SourceRoot): FileStat {
  return Object.assign(new FileStat(), { kind: FileKind.file, mode: 0o600, size: root.size });
}

/**
 * Gives out packs of such files until the time is over. The first has `files` tiny ones, and the time begins behind it:
 * streams are brought up before there is a second.
 */
export class SyntheticWalk implements Walk {
  readonly #pack = new PackBuilder();
  readonly #files: number;
  readonly #ms: number;
  readonly #now: () => number;
  #until: number | undefined;
  #bytes = 0;

  /** @param options.now milliseconds of a clock that never goes back. */
  constructor(options: { files: number; ms: number; now: () => number }) {
    this.#files = options.files;
    this.#ms = options.ms;
    this.#now = options.now;
  }

  next(): WalkItem | undefined {
    if (this.#bytes === 0) return this.#give(0, this.#files);
    this.#until ??= this.#now() + this.#ms;
    if (this.#now() >= this.#until || this.#bytes >= MOST_BYTES) return undefined;
    const next = Math.min(PACK_BYTES, Math.floor(this.#bytes / SHARE));
    const root = next >= SIZES[2] ? 2 : 1;
    return this.#give(root, Math.max(1, Math.floor(next / SIZES[root])));
  }

  close(): void {
    this.#until = -Infinity;
  }

  #give(root: number, files: number): WalkItem | undefined {
    const stat = syntheticStat(SYNTHETIC_ROOTS[root]);
    this.#pack.enter(root, NO_NAME);
    for (let file = 0; file < files; file++) this.#pack.addFile(NO_NAME, 0, 0, stat);
    this.#bytes += files * stat.size;
    return this.#pack.take();
  }
}
