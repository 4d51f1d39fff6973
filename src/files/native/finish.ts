/** What a directory gets at the end of a copy. */

import { AT_EMPTY_PATH, AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import type { Statx } from "../../native/file/statx.ts";
import type { FinishedDirectory, TargetOptions } from "../engine/target.ts";
import { failedCall } from "../stat/file_failure.ts";
import { openAccessLists } from "./access.ts";
import { magicLink, type NativeAttributes } from "./attributes.ts";
import type { Refusal, XattrWriter } from "./xattrs.ts";
import { unsetTimeCall } from "../stat/time_failure.ts";
import { isUnfinishedDirectory, plainDirectoryMode } from "../stat/target_mode.ts";

/** Sets mode, owner and times. `descriptor` is the directory's, opened with O_PATH. @throws {FileError} */
export function finishDirectory(
  calls: FileCalls,
  it: {
    directory: FinishedDirectory;
    descriptor: number;
    text: string;
    options: TargetOptions;
    attributes: NativeAttributes;
    statx: Statx;
    xattrs?: XattrWriter;
  },
): void {
  const { directory, options, xattrs } = it;
  const source = directory.attributes;
  const isKept = options.preserve && source;
  const failed = () => failedCall("set the attributes of", it.text, calls.errno());
  const name = new PinnedBuffer(64);
  if (!it.statx.fill(it.descriptor, name.address, AT_EMPTY_PATH)) throw failed();
  let current = it.statx.mode & 0o7777;
  const created = directory.created || isUnfinishedDirectory(current, directory.continued);
  if (!created && directory.mode === undefined && !isKept && !directory.xattrs) return;
  let mode = directory.mode ?? current;
  if (created) {
    // A new directory inherits the default list of the directory above.
    const allowed = openAccessLists().defaultModes(it.descriptor) ?? 0o777;
    mode = plainDirectoryMode(source?.mode ?? 0o777, options.umask, current) & (allowed | 0o7000);
  }
  // Attributes can only be set where one may write.
  const open = current | 0o700;
  if (xattrs && current !== open && it.attributes.setModeOfPath(it.descriptor, open) === 0) current = open;
  let refused: Refusal | undefined;
  if (isKept) {
    const opened = reopen(calls, it.descriptor, name);
    if (opened < 0) throw failedCall("set the attributes of", it.text, -opened);
    const owned = it.attributes.setOwner(opened, source.uid, source.gid) &&
      ((source.mode & 0o6000) === 0 || it.attributes.isOwnedBy(opened, source.uid, source.gid));
    refused = xattrs?.setPlain(opened, directory.xattrs, { owned });
    const errno = it.attributes.setModeAndTimes(opened, source, owned) ? 0 : calls.errno();
    const timeErrno = it.attributes.takeTimeErrno();
    refused = xattrs?.setLists(opened, directory.xattrs, { isDirectory: true }) ?? refused;
    calls.close(opened);
    if (errno !== 0) throw failedCall("set the attributes of", it.text, errno);
    if (timeErrno !== 0) throw unsetTimeCall(it.text, timeErrno);
  } else {
    refused = xattrs?.setPlain(it.descriptor, directory.xattrs, { owned: false });
    const errno = mode === current ? 0 : it.attributes.setModeOfPath(it.descriptor, mode);
    if (errno !== 0) throw failedCall("set the attributes of", it.text, errno);
  }
  if (refused) throw xattrs!.failure(it.text, refused);
}

/** What O_PATH stands for, opened for real; made readable first where it is not. Or minus the error number. */
function reopen(calls: FileCalls, descriptor: number, name: PinnedBuffer): number {
  const flags = calls.flags.directoryOnly | calls.flags.closeOnExec;
  const address = magicLink(descriptor, name);
  let opened = calls.openat(AT_FDCWD, address, flags, 0);
  if (opened < 0 && calls.chmod(address, 0o700) === 0) opened = calls.openat(AT_FDCWD, address, flags, 0);
  return opened >= 0 ? opened : -calls.errno();
}
