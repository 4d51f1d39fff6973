/** Files that are not what was sent, or were not sent: what has their name may be what had it before the copy. */

import { quotePath } from "../errors.ts";
import { joinPath } from "../files/local_path.ts";
import { decodeName } from "../protocol/names.ts";
import { RecordCursor, RecordType } from "../protocol/records.ts";
import type { Failure } from "../protocol/results.ts";
import { type SelectedRecords, selectRecords } from "../protocol/select_records.ts";

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
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    let folder = "";
    for (let index = 0; cursor.next();) {
      const { type, root, nameStart, nameEnd, contentStart, contentEnd } = cursor;
      const name = decodeName(plan.subarray(nameStart, nameEnd));
      if (type === RecordType.enter) {
        folder = name;
        continue;
      }
      const first = decodeName(plan.subarray(contentStart, contentEnd));
      if (this.#keys.has(keyOf(root, first))) {
        wanted[index] = 0;
        failed(unlinked(pathOf(root, joinPath(folder, name)), pathOf(root, first)));
      }
      index++;
    }
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
