/** Place of the record of a copy. */

import { FileError } from "../../errors.ts";
import { baseName, directoryOf, joinPath, withoutTrailingSlashes } from "../../files/path/local_path.ts";
import { fullPath } from "../../files/target/plan.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import { recordPath } from "../../resume/state_directory.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/** Identity of a copy in all its runs: the target of the user, and the name of the first source. */
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
  const target = futurePath(withoutTrailingSlashes(full), options);
  return { target, recordIn: (records) => recordPath(records, "run", target, name) };
}

/** Returns the absolute path of the target of a source. */
export function fullTarget(options: ReceiveOptions, { target }: WireSource): string {
  return fullPath(target ?? options.target, options);
}

/** Returns the path without symbolic links, also of a file or directory that is created later. */
function futurePath(path: string, options: ReceiveOptions): string {
  const above = directoryOf(path);
  return realPath(path, options) ?? (above === path ? path : joinPath(futurePath(above, options), baseName(path)));
}

/** Returns the path without symbolic links; undefined if it does not exist, or cannot be resolved. */
function realPath(path: string, { machine: { files } }: ReceiveOptions): string | undefined {
  try {
    return files.paths.realPath(withoutTrailingSlashes(path));
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
