/** What a symlink or hardlink record leads to. */

import { ProtocolError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import { checkPath } from "../../protocol/wire_path.ts";

/** PATH_MAX with its NUL: no system makes a longer link. */
export const LONGEST_TARGET_BYTES = 4095;

/** Checks the target of a symbolic link: any text, but it must be one. @throws {ProtocolError} code "bad-record". */
export function checkSymlinkTarget(target: Uint8Array): void {
  if (target.length > 0 && target.length <= LONGEST_TARGET_BYTES && !target.includes(0)) return;
  throw new ProtocolError("bad-record", "Cannot read a record from the other side: where its link leads is no path");
}

/** The first path of a hard link, split. @throws {ProtocolError} code "bad-path" or "bad-record". */
export function parseFirstPath(target: Uint8Array): { directory: string; name: string; path: string } {
  checkPath(target, 0, target.length);
  const path = decodeName(target);
  if (path === "") throw new ProtocolError("bad-record", "Cannot read a record from the other side: its link is empty");
  const at = path.lastIndexOf("/");
  return { directory: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1), path };
}
