/** The attributes that a record brings. */

import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import type { Attributes } from "./file_stat.ts";

/** Copies the attributes of the current record; takes no memory. */
export function readAttributes(cursor: RecordCursor, into: Attributes): void {
  into.mode = cursor.uint32(RecordField.mode) & 0o7777;
  into.uid = cursor.uint32(RecordField.uid);
  into.gid = cursor.uint32(RecordField.gid);
  into.mtimeNs = cursor.uint32(RecordField.mtimeNs);
  into.atimeNs = cursor.uint32(RecordField.atimeNs);
  into.mtime = cursor.seconds(RecordField.mtime);
  into.atime = cursor.seconds(RecordField.atime);
}
