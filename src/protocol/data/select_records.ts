/** Selects records of a plan. */

import { RecordCursor, RecordField, RecordType } from "./records.ts";

/** A plan with the selected records of another plan. */
export interface SelectedRecords {
  plan: Uint8Array<ArrayBuffer>;
  /** Number of records other than `enter`. */
  records: number;
}

/**
 * Returns a plan of the selected records, with an `enter` record for each directory.
 *
 * @param selected one item per record other than `enter`, in order: 1 if the record is selected.
 */
export function selectRecords(plan: Uint8Array<ArrayBuffer>, selected: Uint8Array): SelectedRecords {
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  const chosen = new Uint8Array(plan.length);
  let at = 0;
  let records = 0;
  let index = 0;
  /** Record of the current directory, if the new plan has not entered it yet. */
  let directory: Uint8Array | undefined;
  const copy = (record: Uint8Array) => {
    chosen.set(record, at);
    at += record.length;
  };
  while (cursor.next()) {
    const record = plan.subarray(cursor.start, cursor.end);
    const isSelected = cursor.type !== RecordType.enter && selected[index++] === 1;
    const entering = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
    // Only the record of the directory itself has its extended attributes, not `enter`.
    if (entering) directory = plan.subarray(cursor.start, cursor.xattrStart);
    if (!isSelected) continue;
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
