/** What can happen to a partial file that others can reach. */

import { FileError } from "../errors.ts";

/** Something else has the name of the partial file. */
export function partialReplaced(path: string): FileError {
  return new FileError("write", path, "another file has taken the place of its partial file", {
    code: "ESTALE",
    hint: "Copy it again, to a directory that only you can write to",
  });
}
