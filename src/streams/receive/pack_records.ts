/** Records of pack frames and compare requests, as a receiver handles both. */

import { ProtocolError } from "../../errors.ts";
import { FileStat } from "../../files/stat/file_stat.ts";
import { readAttributes } from "../../files/stat/record_attributes.ts";
import type { RecordCursor } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { PACK_RECORDS } from "../../protocol/limits.ts";
import { decodeName } from "../../protocol/names.ts";
import type { DirectoryAttributes } from "../report.ts";

/** Adds the outcome of a record. @throws {ProtocolError} code "bad-record" for too many records in one frame. */
export function addOutcome(outcomes: (number | Failure)[], outcome: number | Failure): void {
  if (outcomes.push(outcome) <= PACK_RECORDS) return;
  throw new ProtocolError("bad-record", `Cannot accept more than ${PACK_RECORDS} records in one frame`);
}

/** Returns the attributes that a `directory` record contains. */
export function directoryAttributes(cursor: RecordCursor, bytes: Uint8Array): DirectoryAttributes {
  const stat = new FileStat();
  readAttributes(cursor, stat);
  return {
    root: cursor.root,
    path: decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd)),
    attributes: stat.attributes(),
    // A copy, because the buffer of the frame is reused.
    xattrs: cursor.xattrs()?.slice(),
  };
}
