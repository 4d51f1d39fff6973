/** Which files of a pack are in place. */

import { joinPath } from "../files/local_path.ts";
import { decodeName } from "../protocol/names.ts";
import { RecordCursor, RecordType } from "../protocol/records.ts";
import type { PackUnit } from "../streams/unit.ts";

/** @param inPlace 1 for each record of the plan other than `enter` of which that is so. */
export function forEachFile(
  { plan }: Pick<PackUnit, "plan">,
  inPlace: Uint8Array,
  tell: (root: number, path: string) => void,
): void {
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  let folder = "";
  for (let index = 0; cursor.next();) {
    const { type, root, nameStart, nameEnd } = cursor;
    const name = decodeName(plan.subarray(nameStart, nameEnd));
    if (type === RecordType.enter || type === RecordType.folder) folder = name;
    if (type === RecordType.enter) continue;
    const isFile = type === RecordType.file || type === RecordType.hardlink;
    if (inPlace[index++] === 1 && isFile) tell(root, joinPath(folder, name));
  }
}
