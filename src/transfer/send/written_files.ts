/** Which files of a pack are in place. */

import { RecordType } from "../../protocol/data/records.ts";
import type { PackUnit } from "../../streams/unit.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";

/** @param inPlace 1 for each record of the plan other than `enter` of which that is so. */
export function forEachFile(
  { plan }: Pick<PackUnit, "plan">,
  inPlace: Uint8Array,
  tell: (root: number, path: string) => void,
): void {
  forEachEntry(plan, ({ type, root }, index, path) => {
    const isFile = type === RecordType.file || type === RecordType.hardlink;
    if (inPlace[index] === 1 && isFile) tell(root, path());
  });
}
