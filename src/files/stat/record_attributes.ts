/** Attributes of files in records. */

import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import { fileVersion } from "./file_change.ts";
import type { Attributes, FileStat } from "./file_stat.ts";

/** Copies the attributes of the current record; allocates nothing. */
export function readAttributes(cursor: RecordCursor, into: Attributes): void {
  into.mode = cursor.uint32(RecordField.mode) & 0o7777;
  into.uid = cursor.uint32(RecordField.uid);
  into.gid = cursor.uint32(RecordField.gid);
  into.mtimeNs = cursor.uint32(RecordField.mtimeNs);
  into.atimeNs = cursor.uint32(RecordField.atimeNs);
  into.mtime = cursor.seconds(RecordField.mtime);
  into.atime = cursor.seconds(RecordField.atime);
}

/** Returns whether a file is unchanged since the walk: inode, mtime and ctime are those in the record of a plan. */
export function isAsFound(cursor: RecordCursor, stat: FileStat): boolean {
  return stat.mtime === cursor.seconds(RecordField.mtime) && stat.mtimeNs === cursor.uint32(RecordField.mtimeNs) &&
    fileVersion(stat) === cursor.version();
}
