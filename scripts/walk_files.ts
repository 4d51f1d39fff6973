/** Lists the files at any depth below a directory, for scripts and tests. Symbolic links count as files. */

import { walk as stdWalk, walkSync as stdWalkSync } from "@std/fs/walk";
import { relative } from "@std/path";

/** A file, or a symbolic link. */
export interface FoundFile {
  /** Path that begins with that of the directory. */
  path: string;
  /** Path below the directory. */
  below: string;
  name: string;
}

/** Patterns of paths. */
export interface WalkFilesOptions {
  /** Files to list. Default: all. */
  match?: RegExp;
  /** Files and directories to leave out. */
  skip?: RegExp;
}

interface StdOptions {
  includeDirs: false;
  match?: RegExp[];
  skip?: RegExp[];
}

// The mirror of the standard library has no types.
const walk: (root: string, options: StdOptions) => AsyncIterable<{ path: string; name: string }> = stdWalk;
const walkSync: (root: string, options: StdOptions) => Iterable<{ path: string; name: string }> = stdWalkSync;

/** Yields the files below the directory. @throws {Error} If a directory cannot be read. */
export async function* walkFiles(directory: string, options?: WalkFilesOptions): AsyncGenerator<FoundFile> {
  for await (const { path, name } of walk(directory, stdOptions(options))) {
    yield { path, below: relative(directory, path), name };
  }
}

/** Yields the files below the directory. @throws {Error} If a directory cannot be read. */
export function* walkFilesSync(directory: string, options?: WalkFilesOptions): Generator<FoundFile> {
  for (const { path, name } of walkSync(directory, stdOptions(options))) {
    yield { path, below: relative(directory, path), name };
  }
}

function stdOptions({ match, skip }: WalkFilesOptions = {}): StdOptions {
  return { includeDirs: false, match: match && [match], skip: skip && [skip] };
}
