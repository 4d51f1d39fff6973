/** Place of the record of a copy. */

import { FileError } from "../../errors.ts";
import type { PathCalls } from "../../files/engine/engine.ts";
import { baseName, directoryOf, joinPath, withoutTrailingSlashes } from "../../files/path/local_path.ts";
import { fullPath } from "../../files/target/plan/plan.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import { recordPath } from "../../resume/state_directory.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/** Identity of a copy in all its runs: the target of the user, the name of the first source, and the shard. */
export interface RecordPlace {
  /** Absolute path without symbolic links. */
  target: string;
  /** Returns the path of the record in a directory. */
  recordIn(records: string): Promise<string>;
}

/** Returns the place of a copy by its first source. */
export function placeOf(options: ReceiveOptions, source: WireSource): RecordPlace {
  const full = fullTarget(options, source);
  const { name } = source;
  const { shard } = options.job;
  // Shards of one copy may run at the same time.
  const part = shard ? [`shard ${shard.index ?? "finish"}/${shard.count}`] : [];
  const { paths } = options.machine.files;
  const target = futurePath(withoutTrailingSlashes(full), (path) => realPathIfAny(path, paths));
  return { target, recordIn: (records) => recordPath(records, "run", target, name, ...part) };
}

/** Returns the absolute path of the target of a source. */
export function fullTarget(options: ReceiveOptions, { target }: WireSource): string {
  return fullPath(target ?? options.target, options);
}

/**
 * Returns a path without symbolic links, also of a file or directory that is created later.
 *
 * @param realPath returns the path of an existing file without symbolic links; undefined if it cannot be resolved.
 */
export function futurePath(path: string, realPath: (path: string) => string | undefined): string {
  const above = directoryOf(path);
  return realPath(path) ?? (above === path ? path : joinPath(futurePath(above, realPath), baseName(path)));
}

/** Returns a path without symbolic links; undefined if it does not exist, or cannot be resolved. */
export function realPathIfAny(path: string, paths: PathCalls): string | undefined {
  try {
    return paths.realPath(path);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
