/** Removes the temporary files of a killed process. */

import { codeOf } from "../../files/stat/file_failure.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { isTemporaryName } from "../../files/path/private_names.ts";
import { temporaryPrefix } from "../../files/path/temporary_names.ts";
import { removeQuietly } from "../own_file.ts";

/** Removes temporary files with this token from a directory. No process may write such files any more, except those kept. */
export function sweep(directory: string, token: string, isKept: (name: string) => boolean): void {
  const prefix = temporaryPrefix(token);
  try {
    for (const { name } of Deno.readDirSync(directory)) {
      if (!name.startsWith(prefix) || !isTemporaryName(name) || isKept(name)) continue;
      removeQuietly(joinPath(directory, name));
    }
  } catch (error) {
    // The files of an unreadable directory stay.
    if (codeOf(error) === undefined) throw error;
  }
}
