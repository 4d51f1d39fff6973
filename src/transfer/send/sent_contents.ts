/** What the sender knows of a pack once it is sent. */

import { SHA256_BYTES } from "../../protocol/data/compare.ts";
import { decodeName } from "../../protocol/names.ts";
import { putUint53, RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import type { PackUnit, SentContents } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";

/** Returns the plan with the sizes and CRC-32 of what was sent: a file may have changed since it was found. */
export function planAsSent({ plan }: Pick<PackUnit, "plan">, { sizes, crcs }: SentContents): Uint8Array<ArrayBuffer> {
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

/** Returns the digests of these records. @param wanted as in `selectRecords`. */
export function selectDigests(digests: Uint8Array, wanted: Uint8Array): Uint8Array {
  const chosen = new Uint8Array(digests.length);
  let at = 0;
  wanted.forEach((isWanted, index) => {
    if (isWanted !== 1) return;
    chosen.set(digests.subarray(index * SHA256_BYTES, (index + 1) * SHA256_BYTES), at);
    at += SHA256_BYTES;
  });
  return chosen.slice(0, at);
}

/** Lists the files of a pack that are in place, and their further names. @param inPlace as in a `PackReport`. */
export function listSent(
  { plan }: Pick<PackUnit, "plan">,
  inPlace: Uint8Array,
  { digests }: SentContents,
  listing: CopyListing,
): void {
  forEachEntry(plan, ({ type, root, contentStart, contentEnd }, index, path) => {
    if (inPlace[index] !== 1) return;
    if (type === RecordType.file) {
      listing.digested(root, path(), digests.slice(index * SHA256_BYTES, (index + 1) * SHA256_BYTES));
    } else if (type === RecordType.hardlink) {
      listing.linked(root, path(), decodeName(plan.subarray(contentStart, contentEnd)));
    }
  });
}
