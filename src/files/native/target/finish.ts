/** Sets the final attributes of a directory at the end of a copy, by descriptor. */

import { AT_FDCWD, type FileCalls } from "../../../native/file/calls.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import type { FinishedDirectory } from "../../engine/directory_writer.ts";
import type { TargetOptions } from "../../engine/target_options.ts";
import { failedCall } from "../../stat/file_failure.ts";
import type { Attributes } from "../../stat/file_stat.ts";
import { finishedMode } from "../../stat/target_mode.ts";
import { unsetTimeCall } from "../../stat/time_failure.ts";
import { openAccessLists } from "../access.ts";
import type { NativeAttributes } from "../attributes.ts";
import { magicLink, openOnce } from "../open.ts";
import type { Refusal, XattrWriter } from "../xattrs.ts";

/** Options and engine state for `finishDirectory`. */
export interface FinishOptions {
  /** Final path, for messages. */
  text: string;
  options: TargetOptions;
  attributes: NativeAttributes;
  xattrs?: XattrWriter;
}

/** Sets mode, owner, times and extended attributes. @param descriptor Opened with O_PATH. @throws {FileError} */
export function finishDirectory(
  calls: FileCalls,
  descriptor: number,
  directory: FinishedDirectory,
  { text, options, attributes, xattrs }: FinishOptions,
): void {
  const check = (errno: number) => {
    if (errno !== 0) throw failedCall("set the attributes of", text, errno);
  };
  const source = options.preserve ? directory.attributes : undefined;
  const scratch = new PinnedBuffer(64);
  const statx = new Statx(calls);
  if (!statx.fillOpen(descriptor)) check(calls.errno());
  let current = statx.mode & 0o7777;
  const newModes = () => openAccessLists().defaultModes(descriptor) ?? 0o777;
  const mode = source ? undefined : finishedMode(directory, current, options, newModes);
  if (!source && mode === undefined && !directory.xattrs) return;
  const final = mode ?? current;
  // Setting extended attributes requires write permission.
  const open = current | 0o700;
  if (xattrs && current !== open && attributes.setModeOfPath(descriptor, open) === 0) current = open;
  let refused: Refusal | undefined;
  if (source) refused = preserve(source);
  else {
    refused = xattrs?.setPlain(descriptor, directory.xattrs, { owned: false });
    check(final === current ? 0 : attributes.setModeOfPath(descriptor, final));
  }
  if (refused) throw xattrs!.failure(text, refused);

  function preserve(from: Attributes): Refusal | undefined {
    const opened = reopen(calls, descriptor, scratch);
    if (opened < 0) check(-opened);
    const owned = attributes.setOwner(opened, from.uid, from.gid) &&
      ((from.mode & 0o6000) === 0 || attributes.isOwnedBy(opened, from.uid, from.gid));
    const refusal = xattrs?.setPlain(opened, directory.xattrs, { owned });
    const errno = attributes.setModeAndTimes(opened, from, owned) ? 0 : calls.errno();
    const timeErrno = attributes.takeTimeErrno();
    const listRefusal = xattrs?.setLists(opened, directory.xattrs, { isDirectory: true });
    calls.close(opened);
    check(errno);
    if (timeErrno !== 0) throw unsetTimeCall(text, timeErrno);
    return listRefusal ?? refusal;
  }
}

/**
 * Opens a directory for reading whose descriptor was opened with O_PATH, if necessary after adding permissions.
 *
 * @returns a descriptor, or minus the error number.
 */
function reopen(calls: FileCalls, descriptor: number, scratch: PinnedBuffer): number {
  const flags = calls.flags.directoryOnly | calls.flags.closeOnExec;
  const address = magicLink(descriptor, scratch);
  const opened = openOnce(calls, AT_FDCWD, address, flags);
  if (opened >= 0 || calls.chmod(address, 0o700) !== 0) return opened;
  return openOnce(calls, AT_FDCWD, address, flags);
}
