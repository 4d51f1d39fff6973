/** Sizes, checksums and digests of packs that were sent, and the files of a pack that are in place. */

import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { SHA256_BYTES } from "../../protocol/data/compare.ts";
import { putUint53, RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { decodeName } from "../../protocol/names.ts";
import type { SentContents } from "../../streams/report.ts";
import type { PackUnit } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";

type Plan = Pick<PackUnit, "plan">;

/** Returns the plan with the sizes and CRC-32 that were sent, because a file may have changed since the walk. */
export function planAsSent({ plan }: Plan, { sizes, crcs }: SentContents): Uint8Array<ArrayBuffer> {
  const sent = plan.slice();
  const view = new DataView(sent.buffer);
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  for (let index = 0; cursor.next();) {
    if (cursor.type === RecordType.file) {
      putUint53(view, cursor.start + RecordField.size, sizes[index]);
      view.setUint32(cursor.start + RecordField.crc32, crcs[index], true);
    }
    if (cursor.type !== RecordType.enter) index++;
  }
  return sent;
}

/** Returns the digests of selected records. @param selected as in `selectRecords`. */
export function selectDigests(digests: Uint8Array, selected: Uint8Array): Uint8Array {
  const chosen = new Uint8Array(digests.length);
  let at = 0;
  selected.forEach((isSelected, index) => {
    if (isSelected !== 1) return;
    chosen.set(digests.subarray(index * SHA256_BYTES, (index + 1) * SHA256_BYTES), at);
    at += SHA256_BYTES;
  });
  return chosen.slice(0, at);
}

/** Visits the files and hard links of a pack. @param selected 1 per record other than `enter` that is to be visited. */
export function forEachFile({ plan }: Plan, selected: Uint8Array, visit: (root: number, path: string) => void): void {
  forEachEntry(plan, ({ type, root }, index, path) => {
    const isFile = type === RecordType.file || type === RecordType.hardlink;
    if (selected[index] === 1 && isFile) visit(root, path());
  });
}

/** Lists the files of a pack that are in place, and their hard links. @param inPlace as in a `PackReport`. */
export function listSent(
  { plan }: Plan,
  inPlace: Uint8Array,
  { digests }: SentContents,
  listing: CopyListing,
): void {
  forEachEntry(plan, (record, index, path) => {
    const { type, root, contentStart, contentEnd } = record;
    if (inPlace[index] !== 1) return;
    if (type === RecordType.file) {
      listing.digested(root, path(), digests.slice(index * SHA256_BYTES, (index + 1) * SHA256_BYTES));
    } else if (type === RecordType.hardlink) {
      const first = { root: record.firstRoot(), path: decodeName(plan.subarray(contentStart, contentEnd)) };
      listing.linked(root, path(), first);
    }
  });
}
