/** Creates directories by descriptor: a link that is put into the path meanwhile cannot redirect it. */

import type { DirectoryToMake } from "../engine/engine.ts";
import { AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import type { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import { pointsOutside } from "../target/confinement.ts";
import { isShared } from "../target/directory_access.ts";
import { failedCall } from "../stat/file_failure.ts";
import { type FileIdentity, identityOfStat, isSameFile, swapped } from "../stat/file_identity.ts";
import { baseName, directoryOf } from "../path/local_path.ts";
import { isOpenWithin, openOnce, openPath } from "./open.ts";
import { NEW_DIRECTORY_MODE } from "../stat/target_mode.ts";

/**
 * Creates a directory that is unfinished until the end of a copy.
 *
 * @param place identity of the directory above, and a directory, without symbolic links, that contains it.
 * @param scratch must have room for the path.
 * @throws {FileError}
 */
export function makeDirectory(
  calls: FileCalls,
  path: string,
  place: DirectoryToMake,
  scratch: PinnedBuffer,
): FileIdentity {
  const { flags } = calls;
  const all = flags.path | flags.directoryOnly | flags.closeOnExec;
  const parent = openPath(calls, AT_FDCWD, encodeName(directoryOf(path)), all, scratch);
  if (parent < 0) throw failedCall("create", path, -parent);
  let made = -1;
  try {
    const above = statOf(calls, parent, path);
    if (place.parent && !isSameFile(above, place.parent)) throw swapped("create", directoryOf(path));
    if (place.within !== undefined && !isOpenWithin(calls, parent, place.within, scratch)) {
      throw pointsOutside("create", path, place.within);
    }
    const name = scratch.putName(encodeName(baseName(path)));
    if (calls.mkdirat(parent, name, place.finished ? 0o777 : NEW_DIRECTORY_MODE) !== 0) {
      throw failedCall("create", path, calls.errno());
    }
    made = openOnce(calls, parent, name, all | flags.noFollow);
    if (made < 0) throw swapped("create", path);
    const stat = statOf(calls, made, path);
    // Others can replace it in a shared directory. Some file systems have one owner for all files.
    const isOwn = stat.uid === calls.geteuid() || stat.uid === above.uid;
    if (isShared(calls.geteuid(), above) && !isOwn) throw swapped("create", path);
    return identityOfStat(stat);
  } finally {
    if (made >= 0) calls.close(made);
    calls.close(parent);
  }
}

function statOf(calls: FileCalls, descriptor: number, path: string) {
  const statx = new Statx(calls);
  if (!statx.fillOpen(descriptor)) throw failedCall("create", path, calls.errno());
  const { dev, inode, uid, mode } = statx;
  return { dev, inode, uid, mode };
}
