/** Whether the contents of a file changed between two looks at it, as far as stat(2) tells. */

import type { ChangeTimes } from "./file_stat.ts";

export const FileChange = {
  /** No change. */
  none: 0,
  /**
   * Only the ctime differs. Either the mode, the owner, a name or the number of links changed, or the contents changed and
   * the mtime was set back. Only comparing the contents can tell.
   */
  perhaps: 1,
  /** The size or the mtime differs. */
  certain: 2,
} as const;

/** Compares two looks at the same file. Returns one of `FileChange`. */
export function changeBetween(
  before: ChangeTimes & { readonly size: number },
  now: ChangeTimes & { readonly size: number },
): number {
  if (now.mtimeNs !== before.mtimeNs || now.mtime !== before.mtime || now.size !== before.size) {
    return FileChange.certain;
  }
  return now.ctimeNs !== before.ctimeNs || now.ctime !== before.ctime ? FileChange.perhaps : FileChange.none;
}
