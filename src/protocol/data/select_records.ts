/** Makes a smaller plan out of a plan. */

import { RecordCursor, RecordField, RecordType } from "./records.ts";

/** A part of a plan that is a plan itself. */
export interface SelectedRecords {
  plan: Uint8Array<ArrayBuffer>;
  /** Records other than `enter`. */
  records: number;
}

/**
 * The wanted records, each in its directory.
 *
 * @param wanted one for each record other than `enter`, in order: 1 for those that are wanted.
 */
export function selectRecords(plan: Uint8Array<ArrayBuffer>, wanted: Uint8Array): SelectedRecords {
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  const chosen = new Uint8Array(plan.length);
  let at = 0;
  let records = 0;
  let index = 0;
  /** A directory that was not entered in the new plan yet. */
  let directory: Uint8Array | undefined;
  const copy = (record: Uint8Array) => {
    chosen.set(record, at);
    at += record.length;
  };
  while (cursor.next()) {
    const record = plan.subarray(cursor.start, cursor.end);
    const isWanted = cursor.type !== RecordType.enter && wanted[index++] === 1;
    const entering = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
    // Its extended attributes go with its own record only.
    if (entering) directory = plan.subarray(cursor.start, cursor.xattrStart);
    if (!isWanted) continue;
    if (entering) directory = undefined;
    else if (directory) {
      const start = at;
      copy(directory);
      chosen[start + RecordField.type] = RecordType.enter;
      chosen.fill(0, start + RecordField.xattrUnits, start + RecordField.xattrUnits + 2);
      directory = undefined;
    }
    copy(record);
    records++;
  }
  return { plan: chosen.slice(0, at), records };
}
