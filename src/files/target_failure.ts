/** What a target refuses by its nature. */

import { FileError } from "../errors.ts";

/** A device cannot go back. */
export function outOfOrder(path: string): FileError {
  return new FileError("write", path, "it can only be written from start to end", { code: "ESPIPE" });
}
