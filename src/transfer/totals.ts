/** What both ends of a copy have counted, held against each other. */

import { UserError } from "../errors.ts";

/** Success is said only when both sides count the same. */
export function checkTotals(mine: Totals, theirs: Totals): void {
  const { files, bytes, skipped = 0, verified = 0 } = mine;
  const isSame = files === theirs.files && bytes === theirs.bytes && skipped === (theirs.skipped ?? 0);
  if (isSame && verified === (theirs.verified ?? 0)) return;
  throw new UserError(
    `Cannot confirm the copy: one side counts ${describeTotals(mine)}, the other ${describeTotals(theirs)}`,
    { hint: "Copy it again; what is complete already is not harmed" },
  );
}

/** What one side counts. */
interface Totals {
  files: number;
  bytes: number;
  skipped?: number;
  verified?: number;
}

function describeTotals({ files, bytes, skipped, verified }: Totals): string {
  const more = (verified ? `, ${verified} verified` : "") + (skipped ? `, and ${skipped} unchanged` : "");
  return `${files} files with ${bytes} bytes${more}`;
}
