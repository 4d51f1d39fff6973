/** Differences of entries that a receiver reports with its answers to compare requests. Feature "itemize". */

import { CompareResult } from "./compare.ts";
import { RecordType } from "./records.ts";

/** Bits of the differences between an entry of the target and its record. */
export const ItemChange = {
  size: 1,
  /** Of a symbolic link, which has no size to compare: its target is the same, although it may be created again. */
  sameTarget: 1,
  time: 2,
  mode: 4,
  user: 8,
  group: 16,
  /** The entry is of another kind. */
  kind: 32,
} as const;

const ALL_CHANGES = 63;
/** Position of the differences in an outcome, after the result. */
const SHIFT = 8;

/** Returns the outcome of a record: its result and the differences. */
export function outcomeOf(result: number, changes: number): number {
  return result | changes << SHIFT;
}

/** Returns the result in an outcome. */
export function resultOf(outcome: number): number {
  return outcome % (1 << SHIFT);
}

/** Returns the differences in an outcome; undefined if it has unknown bits. */
export function changesOf(outcome: number): number | undefined {
  const changes = Math.floor(outcome / (1 << SHIFT));
  return changes > ALL_CHANGES ? undefined : changes;
}

/** The action of a copy for one entry. */
export interface ItemizedRecord {
  /** One of `RecordType`, but not `enter`. */
  type: number;
  /** One of `CompareResult`, but not `undecided`. */
  result: number;
  /** Bits of `ItemChange`. */
  changes: number;
  /** Whether contents are compared. */
  byContents: boolean;
  /** Whether the copy has the times of the source. */
  keepsTimes: boolean;
}

const NEW = "+++++++++";

/**
 * Returns the change of an entry in the format of `rsync --itemize-changes`, as if it were received: YXcstpoguax.
 *
 * @returns undefined if nothing changes.
 */
export function itemize({ type, result, changes, byContents, keepsTimes }: ItemizedRecord): string | undefined {
  const has = (change: number) => (changes & change) !== 0;
  const isNew = result === CompareResult.missing || has(ItemChange.kind);
  const isSame = result === CompareResult.same || (type === RecordType.symlink && has(ItemChange.sameTarget));
  if (type === RecordType.hardlink) return isSame ? undefined : "hf" + (isNew ? NEW : " ".repeat(NEW.length));
  // The attributes of a link that is the same are not changed.
  if (type === RecordType.symlink && result === CompareResult.same) return undefined;
  const isFile = type === RecordType.file;
  const isDirectory = type === RecordType.directory;
  const update = isSame && !isNew ? "." : isFile ? ">" : "c";
  const kind = isFile ? "f" : isDirectory ? "d" : "L";
  if (isNew) return update + kind + NEW;
  const flags = [
    !isSame && (isFile ? byContents : !isDirectory) ? "c" : ".",
    isFile && has(ItemChange.size) ? "s" : ".",
    !keepsTimes && !isSame ? "T" : has(ItemChange.time) ? "t" : ".",
    has(ItemChange.mode) ? "p" : ".",
    has(ItemChange.user) ? "o" : ".",
    has(ItemChange.group) ? "g" : ".",
  ].join("");
  return isSame && flags === "......" ? undefined : `${update}${kind}${flags}...`;
}
