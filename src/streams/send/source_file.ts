/** A large file of the sender while it is sent, in ranges or in pieces. */

import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { shrunkFile } from "../../files/stat/file_failure.ts";
import type { RangedItem } from "../unit.ts";

/** A large file, as the walk has found it. */
export type FoundFile = Pick<RangedItem, "root" | "path" | "size" | "identity">;

/**
 * Opens a file. One that only grows, such as a log, is sent up to its size in the walk.
 *
 * @throws {FileError} also if it is shorter.
 */
export function openFound(source: SourceReader, { root, path, size, identity }: FoundFile): RangeReader {
  const reader = source.openLarge(root, path, identity);
  if (reader.size >= size) return reader;
  reader.close();
  throw shrunkFile(reader.path, "after it was found");
}

/** Reads [offset, offset + length) to bytes[at...]. @throws {FileError} also if the file ends before. */
export function readFully(
  reader: RangeReader,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  { offset, length }: { offset: number; length: number },
): void {
  if (reader.readAt(bytes, at, length, offset) < length) throw shrunkFile(reader.path, "while it was read");
}

/** Returns how a file has changed since the walk: one of `FileChange`. */
export function changeSinceWalk(reader: RangeReader, { size, times }: Pick<RangedItem, "size" | "times">): number {
  return reader.size > size ? FileChange.grown : reader.changeSince(times);
}
