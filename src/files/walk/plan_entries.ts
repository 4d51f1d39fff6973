/** Iterates over the entries of a plan. */

import { joinPath } from "../path/local_path.ts";
import { decodeName } from "../../protocol/names.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";

/**
 * Visits each record of a plan except `enter`.
 *
 * @param visit Called with the record and its index, from 0; `path` returns its path, relative to its root.
 */
export function forEachEntry(
  plan: Uint8Array<ArrayBuffer>,
  visit: (record: RecordCursor, index: number, path: () => string) => void,
): void {
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  let directory = "";
  const name = () => decodeName(plan.subarray(cursor.nameStart, cursor.nameEnd));
  const path = () => cursor.type === RecordType.directory ? directory : joinPath(directory, name());
  for (let index = 0; cursor.next();) {
    if (cursor.type === RecordType.enter || cursor.type === RecordType.directory) directory = name();
    if (cursor.type !== RecordType.enter) visit(cursor, index++, path);
  }
}
