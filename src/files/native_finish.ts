/** What a folder gets at the end of a copy. */

import { AT_EMPTY_PATH, AT_FDCWD, type FileCalls } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import type { Statx } from "../native/file_statx.ts";
import type { FinishedFolder, TargetOptions } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import { magicLink, type NativeAttributes } from "./native_attributes.ts";
import { plainFolderMode } from "./target_mode.ts";

/** Sets mode, owner and times. `descriptor` is the folder's, opened with O_PATH. @throws {FileError} */
export function finishFolder(
  calls: FileCalls,
  it: {
    folder: FinishedFolder;
    descriptor: number;
    text: string;
    options: TargetOptions;
    attributes: NativeAttributes;
    statx: Statx;
  },
): void {
  const { folder, options } = it;
  const source = folder.attributes;
  if (!folder.created && folder.mode === undefined && !(options.preserve && source)) return;
  const failed = () => failedCall("set the attributes of", it.text, calls.errno());
  const name = new Scratch(64);
  if (!it.statx.fill(it.descriptor, name.address, AT_EMPTY_PATH)) throw failed();
  const current = it.statx.mode & 0o7777;
  if (options.preserve && source) {
    const opened = reopen(calls, it.descriptor, name);
    if (opened < 0) throw failedCall("set the attributes of", it.text, -opened);
    const done = it.attributes.preserve(opened, source);
    const errno = done ? 0 : calls.errno();
    calls.close(opened);
    if (!done) throw failedCall("set the attributes of", it.text, errno);
    return;
  }
  const mode = folder.created ? plainFolderMode(source?.mode ?? 0o777, options.umask, current) : folder.mode!;
  const errno = mode === current ? 0 : it.attributes.setModeOfPath(it.descriptor, mode);
  if (errno !== 0) throw failedCall("set the attributes of", it.text, errno);
}

/** What O_PATH stands for, opened for real; made readable first where it is not. Or minus the error number. */
function reopen(calls: FileCalls, descriptor: number, name: Scratch): number {
  const flags = calls.flags.directory | calls.flags.closeOnExec;
  const address = magicLink(descriptor, name);
  let opened = calls.openat(AT_FDCWD, address, flags, 0);
  if (opened < 0 && calls.chmod(address, 0o700) === 0) opened = calls.openat(AT_FDCWD, address, flags, 0);
  return opened >= 0 ? opened : -calls.errno();
}
