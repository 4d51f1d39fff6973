/** Symbolic and hard links under a temporary name. */

import { FileError } from "../../errors.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import { failedCall } from "../stat/file_failure.ts";
import { FileKind } from "../stat/file_stat.ts";
import { isSameFile } from "../stat/file_identity.ts";
import { checkSymlinkTarget, LONGEST_TARGET_BYTES, parseFirstPath } from "../path/link_target.ts";
import type { NativePlacing } from "./placing.ts";
import type { NativePublisher } from "./publishing.ts";
import { targetText } from "../target/name.ts";

/**
 * Creates a symbolic link under a temporary name.
 *
 * @returns descriptor of the link (O_PATH), in a directory that others can write to; the caller closes it.
 * @throws {FileError | ProtocolError}
 */
export function makeSymlink(placing: NativePlacing, name: number, target: Uint8Array): number | undefined {
  checkSymlinkTarget(target);
  const { calls } = placing;
  const text = new PinnedBuffer(target.length + 1);
  text.putName(target);
  placing.makeTemporary(
    name,
    (temporary) => calls.symlinkat(text.address, placing.directory, temporary) === 0 ? 0 : calls.errno(),
  );
  return openShared(
    placing,
    name,
    (statx, place) => statx.uid === placing.attributes.user && isLink(calls, place, target),
  );
}

/** Returns whether an open file is a symbolic link to the target. */
function isLink(calls: FileCalls, place: number, target: Uint8Array): boolean {
  const found = new PinnedBuffer(LONGEST_TARGET_BYTES + 1);
  // With an empty name readlinkat(2) reads the open link, and fails for any other file.
  const name = found.putName(new Uint8Array());
  const length = calls.readlinkat(place, name, found.address, found.bytes.length);
  return length === target.length && target.every((byte, index) => byte === found.bytes[index]);
}

/** Makes `name` a further name of a regular file of the same root. @throws {FileError | ProtocolError} */
export function makeHardLink(
  placing: NativePlacing,
  publisher: NativePublisher,
  name: number,
  target: Uint8Array,
): void {
  const first = parseFirstPath(target);
  const { calls, directories, root, path } = placing;
  const source = new PinnedBuffer(256);
  source.putName(encodeName(first.name));
  const statx = new Statx(calls);
  const { path: place, directoryOnly, closeOnExec } = calls.flags;
  const dot = new PinnedBuffer(2);
  dot.putName(encodeName("."));
  const kept = directories.open(root, first.directory, { create: false });
  const from = calls.openat(kept, dot.address, place | directoryOnly | closeOnExec, 0);
  const text = targetText(placing.roots[root], first.path);
  if (from < 0) throw failedCall("link to", text, calls.errno());
  try {
    // Opening that directory may have closed this one.
    placing.directory = directories.open(root, path, { create: true });
    if (!statx.fill(from, source.address, AT_SYMLINK_NOFOLLOW)) throw failedCall("link to", text, calls.errno());
    if (statx.kind !== FileKind.file) throw new FileError("link to", text, "not a regular file");
    placing.makeTemporary(
      name,
      (temporary) => calls.linkat(from, source.address, placing.directory, temporary, 0) === 0 ? 0 : calls.errno(),
    );
  } finally {
    calls.close(from);
  }
  const { temporary } = placing;
  publisher.rename(temporary, name, openShared(placing, name, (linked) => isSameFile(linked, statx)));
  // rename(2) does nothing, and reports success, when both are already names of one file.
  calls.unlinkat(placing.directory, temporary, 0);
}

/**
 * Opens the temporary link (O_PATH) in a directory that others can write to.
 *
 * @throws {FileError} if it is not the link that was created.
 */
function openShared(
  placing: NativePlacing,
  name: number,
  isRight: (statx: Statx, place: number) => boolean,
): number | undefined {
  if (!placing.access.shared) return undefined;
  const { calls, directory, temporary } = placing;
  const { path, noFollow, closeOnExec } = calls.flags;
  const place = calls.openat(directory, temporary, path | noFollow | closeOnExec, 0);
  const statx = new Statx(calls);
  const empty = new PinnedBuffer(8);
  if (place >= 0 && statx.fill(place, empty.address, AT_EMPTY_PATH) && isRight(statx, place)) return place;
  if (place >= 0) calls.close(place);
  throw placing.planted(name, "create");
}
