/** Symbolic and hard links under a temporary name. */

import { FileError } from "../errors.ts";
import { AT_SYMLINK_NOFOLLOW } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { encodeName } from "../protocol/names.ts";
import { failedCall } from "./file_failure.ts";
import { FileKind } from "./file_stat.ts";
import { checkSymlinkTarget, parseFirstPath } from "./link_target.ts";
import type { NativePlacing } from "./native_placing.ts";
import { targetText } from "./target_name.ts";

/** Makes a symbolic link under a temporary name. @throws {FileError | ProtocolError} */
export function makeSymlink(placing: NativePlacing, name: number, target: Uint8Array): void {
  checkSymlinkTarget(target);
  const { calls } = placing;
  const text = new Scratch(target.length + 1);
  text.putName(target);
  placing.makeTemporary(
    name,
    (temporary) => calls.symlinkat(text.address, placing.folder, temporary) === 0 ? 0 : calls.errno(),
  );
}

/** Makes `name` a further name of a regular file of the same root. @throws {FileError | ProtocolError} */
export function makeHardLink(placing: NativePlacing, name: number, target: Uint8Array): void {
  const first = parseFirstPath(target);
  const { calls, folders, root, path } = placing;
  const source = new Scratch(256);
  source.putName(encodeName(first.name));
  const statx = new Statx(calls);
  const { path: place, directory, closeOnExec } = calls.flags;
  const dot = new Scratch(2);
  dot.putName(encodeName("."));
  const kept = folders.open(root, first.folder, { create: false });
  const from = calls.openat(kept, dot.address, place | directory | closeOnExec, 0);
  const text = targetText(placing.roots[root], first.path);
  if (from < 0) throw failedCall("link to", text, calls.errno());
  try {
    // Opening that folder may have closed this one.
    placing.folder = folders.open(root, path, { create: true });
    if (!statx.fill(from, source.address, AT_SYMLINK_NOFOLLOW)) throw failedCall("link to", text, calls.errno());
    if ((statx.mode & 0o170000) !== FileKind.file) throw new FileError("link to", text, "not a regular file");
    placing.makeTemporary(
      name,
      (temporary) => calls.linkat(from, source.address, placing.folder, temporary, 0) === 0 ? 0 : calls.errno(),
    );
  } finally {
    calls.close(from);
  }
  const { temporary } = placing;
  placing.rename(temporary, name);
  // rename(2) does nothing, and reports success, when both are already names of one file.
  calls.unlinkat(placing.folder, temporary, 0);
}
