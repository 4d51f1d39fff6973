/** Ranges of split files that shards have written, and their sums, on the client. */

import type { MessageOf } from "../protocol/control/messages.ts";
import type { WalkedTree } from "../protocol/control/shard.ts";
import { type ByteRange, RangeSums, type SummedRange } from "../protocol/data/range_sums.ts";

/** The source of a split file. */
export interface SplitSource {
  /** Relative to the source of the copy; "" for the source itself. */
  path: string;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** Number that changes with every change of the file, even if the modification time is set back. See fileVersion. */
  version: number;
}

/** A range of a split file that a shard has written. */
export type WrittenRange = SplitSource & SummedRange;

/** Callbacks of the client's end of a copy. */
export interface ShardSums {
  /** A shard has written a range. May be called again in a later session. */
  written(range: WrittenRange): void;
  /** Returns why the file cannot be joined; undefined if its source is that of the shards, which have written all ranges. */
  problemOf(source: SplitSource): string | undefined;
  /** Returns why the contents of a file are wrong; undefined if they are those that the shards have written. */
  problemOfSum(path: string, crc32: number): string | undefined;
  /** A split file has its final name, or is up to date in the target. */
  joined(path: string): void;
  /** Takes the tree that the sender has walked. May be called again in a later session. @returns whether all shards saw it. */
  walked(tree: WalkedTree): boolean;
}

/** Returns the source of an announced file. */
export function splitSource(
  { path, size, attributes, version = 0 }: Pick<MessageOf<"open">, "attributes" | "version"> & {
    path: string;
    size: number;
  },
): SplitSource {
  return { path, size, mtime: attributes.mtime, mtimeNs: attributes.mtimeNs, version };
}

/** Returns the range of an announced file that is sent. */
export function rangeOf({ range, size }: { range?: ByteRange; size: number }): ByteRange {
  return range ?? { start: 0, end: size };
}

/** Returns the bytes of a large file that a copy counts: those of its range, and none if shards have written it. */
export function bytesOf({ range, joined, size }: { range?: ByteRange; joined?: boolean; size: number }): number {
  if (joined) return 0;
  return range ? range.end - range.start : size;
}

/** The ranges of split files that the shards of a copy have reported. */
export class ReportedRanges implements Pick<ShardSums, "problemOf" | "problemOfSum" | "joined"> {
  readonly #files = new Map<string, { source: SplitSource; sums: RangeSums; problem?: string }>();
  readonly #joined = new Set<string>();

  /** Adds a range. */
  add({ start, end, crc32, ...source }: WrittenRange): void {
    const known = this.#files.get(source.path);
    const file = known ?? { source, sums: new RangeSums() };
    if (!known) this.#files.set(source.path, file);
    else file.problem ??= differenceOf(file.source, source);
    if (!file.sums.add({ start, end, crc32 })) file.problem ??= "two shards have sent the same range";
  }

  problemOf(source: SplitSource): string | undefined {
    const file = this.#files.get(source.path);
    if (!file) return "no shard has sent a range of it";
    const problem = file.problem ?? differenceOf(file.source, source);
    if (problem !== undefined) return problem;
    return file.sums.total(source.size) === undefined ? "shards have not sent all of its ranges" : undefined;
  }

  problemOfSum(path: string, crc32: number): string | undefined {
    const file = this.#files.get(path);
    if (file?.sums.total(file.source.size) === crc32) return undefined;
    return "the target differs from the ranges that the shards have written (CRC-32 differs)";
  }

  joined(path: string): void {
    this.#joined.add(path);
  }

  /** Paths of files that have ranges, but are neither joined nor up to date. */
  get unjoined(): string[] {
    return [...this.#files.keys()].filter((path) => !this.#joined.has(path));
  }
}

/** Returns how a source differs from that of the first shard. */
function differenceOf(first: SplitSource, { size, mtime, mtimeNs, version }: SplitSource): string | undefined {
  const isSame = size === first.size && mtime === first.mtime && mtimeNs === first.mtimeNs && version === first.version;
  return isSame ? undefined : "the source changed while the shards copied it";
}
