/** What can have become of a source since the walk. */

import { FileError } from "../../errors.ts";
import { FileCode } from "./file_failure.ts";
import { FileKind, kindName } from "./file_stat.ts";

/** The file no longer fits where it is read to. */
export function hasGrown(path: string): FileError {
  return new FileError("read", path, "it has grown while it was copied", {
    code: FileCode.grew,
    hint: "Copy it again when nothing writes to it any more",
  });
}

/** Something took the place of a file that must not be opened. */
export function isSpecial(path: string, kind: number): FileError {
  if (kind === FileKind.directory) return new FileError("read", path, "Is a directory", { code: "EISDIR" });
  return new FileError("read", path, `not a regular file: it is a ${kindName(kind)}`, { code: FileCode.special });
}
