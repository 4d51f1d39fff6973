/** Synthetic sources for measurements: they are generated until a time is over. */

import { PACK_BYTES, PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import type { SourceRoot, Walk, WalkItem } from "../engine/source.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { PackBuilder } from "../walk/pack_builder.ts";
import { UNKNOWN_FILE } from "../stat/file_identity.ts";

const NO_NAME = new Uint8Array(0);
/** Bytes per file of each root: tiny files to measure files per second, then larger ones to measure bytes per second. */
const SIZES = [64, 64 << 10, PACK_FILE_LIMIT];
/** Ratio of the bytes so far to the next pack, so that little data is in flight when the time is over. */
const SHARE = 16;
/** Maximum number of bytes in total. */
const MAX_BYTES = 64 * 2 ** 30;

/** Roots for the null engine: files without a path, with the size of their root. */
export const SYNTHETIC_ROOTS: readonly SourceRoot[] = SIZES.map((size) => ({
  path: "",
  name: `made-up-${size}`,
  kind: "file",
  identity: UNKNOWN_FILE,
  size,
}));

/** Returns whether a root is synthetic. */
export function isSynthetic(root: SourceRoot): boolean {
  return root.kind === "file" && root.path === "";
}

/** Returns the status of the files of a synthetic root. */
export function syntheticStat(root: SourceRoot): FileStat {
  return Object.assign(new FileStat(), { kind: FileKind.file, mode: 0o600, size: root.size });
}

/**
 * Generates packs of synthetic files until the time is over. The first pack contains `files` tiny files. The time starts
 * after it, because the streams start up with the first pack.
 */
export class SyntheticWalk implements Walk {
  readonly #pack = new PackBuilder();
  readonly #files: number;
  readonly #ms: number;
  readonly #now: () => number;
  #until: number | undefined;
  #bytes = 0;

  /** @param options.now Returns milliseconds of a monotonic clock. */
  constructor(options: { files: number; ms: number; now: () => number }) {
    this.#files = options.files;
    this.#ms = options.ms;
    this.#now = options.now;
  }

  next(): WalkItem | undefined {
    if (this.#bytes === 0) return this.#nextPack(0, this.#files);
    this.#until ??= this.#now() + this.#ms;
    if (this.#now() >= this.#until || this.#bytes >= MAX_BYTES) return undefined;
    const next = Math.min(PACK_BYTES, Math.floor(this.#bytes / SHARE));
    const root = next >= SIZES[2] ? 2 : 1;
    return this.#nextPack(root, Math.max(1, Math.floor(next / SIZES[root])));
  }

  close(): void {
    this.#until = -Infinity;
  }

  #nextPack(root: number, files: number): WalkItem | undefined {
    const stat = syntheticStat(SYNTHETIC_ROOTS[root]);
    this.#pack.enter(root, NO_NAME);
    for (let file = 0; file < files; file++) this.#pack.addFile(NO_NAME, 0, 0, stat);
    this.#bytes += files * stat.size;
    return this.#pack.take();
  }
}
