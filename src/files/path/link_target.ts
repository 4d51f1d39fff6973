/** Targets of symlink and hardlink records. */

import { ProtocolError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import { checkPath } from "../../protocol/wire_path.ts";

/** PATH_MAX without the NUL: no system creates a longer link. */
export const LONGEST_TARGET_BYTES = 4095;

/** Checks the target of a symbolic link: any bytes other than NUL. @throws {ProtocolError} Code "bad-record". */
export function checkSymlinkTarget(target: Uint8Array): void {
  if (target.length > 0 && target.length <= LONGEST_TARGET_BYTES && !target.includes(0)) return;
  throw new ProtocolError("bad-record", "Cannot accept a record from the peer: the target of its link is not a path");
}

/** Splits the first path of a hard link. @throws {ProtocolError} Code "bad-path" or "bad-record". */
export function parseFirstPath(target: Uint8Array): { directory: string; name: string; path: string } {
  checkPath(target, 0, target.length);
  const path = decodeName(target);
  if (path === "") {
    throw new ProtocolError("bad-record", "Cannot accept a record from the peer: the target of its link is empty");
  }
  const at = path.lastIndexOf("/");
  return { directory: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1), path };
}
