/** Changes of permissions that a sender makes to the modes that it sends, and a receiver enforces. Feature "chmod". */

import * as shape from "./shape.ts";

/** One change. Masks are 0 to 0o7777. */
export interface ModeChange {
  /** Entries that it applies to. */
  of: "files" | "directories" | "all";
  /** Bits that are kept. */
  keep: number;
  /** Bits that are set. */
  set: number;
  /** Bits that are set if any execute bit was set before the first change, or in a directory. */
  setIfExecutable: number;
}

const MAX_MODE = 0o7777;
/** Maximum number of changes of one job. */
export const MAX_MODE_CHANGES = 100;

/** Checks an item of a list of changes from the peer. @throws {ProtocolError} code "bad-message". */
export function asModeChange(value: unknown, name: string): ModeChange {
  const fields = shape.asObject(value, name);
  const mask = (field: string) => shape.whole(fields, field, 0, MAX_MODE);
  return {
    of: shape.oneOf(fields, "of", ["files", "directories", "all"]),
    keep: mask("keep"),
    set: mask("set"),
    setIfExecutable: mask("setIfExecutable"),
  };
}

/** Returns the changed mode of a regular file or directory. */
export function changedMode(mode: number, isDirectory: boolean, changes: readonly ModeChange[]): number {
  const isExecutable = isDirectory || (mode & 0o111) !== 0;
  return change(mode, { isDirectory, ifExecutable: isExecutable ? MAX_MODE : 0 }, changes);
}

/**
 * Returns the mode that a receiver uses instead of one that a sender announces. It is the same if `changedMode` has
 * returned it. Only the sender knows whether a file was executable before the changes, so bits in `setIfExecutable` stay
 * as announced. All other changes are made again.
 */
export function enforcedMode(announced: number, isDirectory: boolean, changes: readonly ModeChange[]): number {
  return change(announced, { isDirectory, ifExecutable: isDirectory ? MAX_MODE : announced }, changes);
}

/** @param options.ifExecutable Bits in `setIfExecutable` that are set. */
function change(
  mode: number,
  { isDirectory, ifExecutable }: { isDirectory: boolean; ifExecutable: number },
  changes: readonly ModeChange[],
): number {
  let changed = mode;
  for (const { of, keep, set, setIfExecutable } of changes) {
    if (of !== "all" && (of === "directories") !== isDirectory) continue;
    changed = changed & keep | set | setIfExecutable & ifExecutable;
  }
  return changed;
}
