/** Files that failed. Their names may belong to older files, so hard links must not point to them. */

import { quotePath } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import { placeKey } from "../../files/target/name.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";

/** The failed files of one transfer. Paths are relative to their roots. */
export class LostFiles {
  readonly #keys = new Set<string>();

  add(root: number, path: string): void {
    this.#keys.add(placeKey({ root, path }));
  }

  /** Removes a file that is in place after all. */
  delete(root: number, path: string): void {
    this.#keys.delete(placeKey({ root, path }));
  }

  /**
   * Returns the hard links that do not point to a failed file.
   *
   * @param pathOf returns a path for messages.
   * @param failed called for each of the others.
   */
  withoutLinks(
    links: SelectedRecords,
    pathOf: (root: number, path: string) => string,
    failed: (failure: Failure) => void,
  ): SelectedRecords {
    if (this.#keys.size === 0) return links;
    const { plan, records } = links;
    const kept = new Uint8Array(records).fill(1);
    forEachEntry(plan, (record, index, path) => {
      const first = decodeName(plan.subarray(record.contentStart, record.contentEnd));
      const firstRoot = record.firstRoot();
      if (!this.#keys.has(placeKey({ root: firstRoot, path: first }))) return;
      kept[index] = 0;
      failed(unlinked(pathOf(record.root, path()), pathOf(firstRoot, first)));
    });
    return selectRecords(plan, kept);
  }
}

function unlinked(path: string, first: string): Failure {
  return {
    code: "",
    path,
    message: `Cannot link ${quotePath(path)} to ${quotePath(first)}: the first name was not copied`,
    hint: "",
  };
}
