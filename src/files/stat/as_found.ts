/** Whether a file is still the one that a walk has found. */

import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import type { FileStat } from "./file_stat.ts";
import { fileVersion } from "./file_version.ts";

/** Returns whether inode, mtime and ctime are those in the record of a plan. */
export function isAsFound(cursor: RecordCursor, stat: FileStat): boolean {
  return stat.mtime === cursor.seconds(RecordField.mtime) && stat.mtimeNs === cursor.uint32(RecordField.mtimeNs) &&
    fileVersion(stat) === cursor.version();
}
