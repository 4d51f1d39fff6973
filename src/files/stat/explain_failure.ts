/** Causes of failures that the system does not report. */

import { FileError, quotePath } from "../../errors.ts";
import { forbiddingFlag } from "../../native/file/inode_flags.ts";
import { directoryOf } from "../path/local_path.ts";
import { errnoTextOf } from "../../native/libc/errno.ts";

const FLAGS = {
  immutable: { state: "immutable (chattr +i)", remedy: "chattr -i" },
  "append-only": { state: "append-only (chattr +a)", remedy: "chattr -a" },
} as const;

/**
 * Returns a failure that is final, with the attribute of chattr(1) that forbids the operation, if there is one. Examines the
 * file, so failures that another attempt may resolve are not explained.
 */
export function explainFailure(failure: FileError): FileError {
  const { code, operation, path, cause, hint } = failure;
  if (code !== "EPERM" || hint !== undefined) return failure;
  const reason = errnoTextOf(code) ?? code;
  const places = [["the file", path, false], ["its directory", directoryOf(path), true]] as const;
  for (const [what, place, follow] of places) {
    const flag = forbiddingFlag(place, { follow });
    if (!flag) continue;
    const { state, remedy } = FLAGS[flag];
    return new FileError(operation, path, `${reason}: ${what} is ${state}`, {
      code,
      hint: `As root, run: ${remedy} ${quotePath(place)}`,
      cause,
    });
  }
  return failure;
}
