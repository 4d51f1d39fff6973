/** Attributes of files that chattr(1) sets: the flags of an inode. Linux. */

import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, openFileCalls } from "./calls.ts";
import { PinnedBuffer } from "./pinned_buffer.ts";
import { Statx } from "./statx.ts";
import { encodeName } from "../../protocol/names.ts";

/** Returns the flag that forbids changes of a file or directory; undefined if it has none, or this is unknown. */
export function forbiddingFlag(
  path: string,
  { follow }: { follow: boolean },
): "immutable" | "append-only" | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const name = encodeName(path);
    const statx = new Statx(openFileCalls());
    const scratch = new PinnedBuffer(name.length + 1);
    if (!statx.fill(AT_FDCWD, scratch.putName(name), follow ? 0 : AT_SYMLINK_NOFOLLOW)) return undefined;
    return statx.isImmutable ? "immutable" : statx.isAppendOnly ? "append-only" : undefined;
  } catch {
    // FFI is not permitted.
    return undefined;
  }
}
