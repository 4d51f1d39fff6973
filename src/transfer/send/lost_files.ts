/** Files that are not what was sent, or were not sent: what has their name may be what had it before the copy. */

import { quotePath } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";

/** All of them in one transfer; paths are relative to their roots. */
export class LostFiles {
  readonly #keys = new Set<string>();

  add(root: number, path: string): void {
    this.#keys.add(keyOf(root, path));
  }

  /** It is in place after all. */
  delete(root: number, path: string): void {
    this.#keys.delete(keyOf(root, path));
  }

  /**
   * Those of these hard links that do not lead to one.
   *
   * @param pathOf a path that users see.
   * @param failed hears of the others.
   */
  withoutLinks(
    links: SelectedRecords,
    pathOf: (root: number, path: string) => string,
    failed: (failure: Failure) => void,
  ): SelectedRecords {
    if (this.#keys.size === 0) return links;
    const { plan, records } = links;
    const wanted = new Uint8Array(records).fill(1);
    forEachEntry(plan, ({ root, contentStart, contentEnd }, index, path) => {
      const first = decodeName(plan.subarray(contentStart, contentEnd));
      if (!this.#keys.has(keyOf(root, first))) return;
      wanted[index] = 0;
      failed(unlinked(pathOf(root, path()), pathOf(root, first)));
    });
    return selectRecords(plan, wanted);
  }
}

function keyOf(root: number, path: string): string {
  return `${root}/${path}`;
}

function unlinked(path: string, first: string): Failure {
  return {
    code: "",
    path,
    message: `Cannot link ${quotePath(path)} to ${quotePath(first)}: that was not copied`,
    hint: "",
  };
}
