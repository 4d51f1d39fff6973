/** Changes of entries in the format of rsync, from the answers of the receiver. */

import { joinPath } from "../../files/path/local_path.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import type { ItemizedEntry } from "../../protocol/control/messages.ts";
import { CompareResult } from "../../protocol/data/compare.ts";
import { itemize } from "../../protocol/data/item_changes.ts";
import { RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { decodeName } from "../../protocol/names.ts";
import type { RangedItem } from "../../streams/unit.ts";
import { shownPath } from "./sources/names.ts";

/** Options of a job that decide about its changes. */
export interface ItemizedOptions {
  /** Returns the name of a root, for messages. */
  rootName(root: number): string;
  report(entry: ItemizedEntry): void;
  /** Whether contents are compared. */
  byContents: boolean;
  preserve: boolean;
  /** Whether files have the times of the source even without `preserve`. */
  keepsTimes: boolean;
}

/** Reports the changes of one transfer. */
export class ItemizedChanges {
  readonly #options: ItemizedOptions;

  constructor(options: ItemizedOptions) {
    this.#options = options;
  }

  /** Reports the changes of the entries of a plan. An undecided entry is reported by its last answer. */
  pack(plan: Uint8Array<ArrayBuffer>, outcomes: readonly (number | Failure)[], changes: Uint8Array): void {
    const { rootName } = this.#options;
    forEachEntry(plan, (record, index, path) => {
      const { type, root, contentStart, contentEnd } = record;
      const outcome = outcomes[index];
      if (typeof outcome !== "number" || outcome === CompareResult.undecided) return;
      const text = () => decodeName(plan.subarray(contentStart, contentEnd));
      const target = type === RecordType.symlink
        ? text
        : type === RecordType.hardlink
        ? () => shownPath(rootName(record.firstRoot()), text())
        : undefined;
      this.#report({ type, root, result: outcome, changes: changes[index] }, path, target);
    });
  }

  /** Reports the change of a large file. */
  large({ root, path }: RangedItem, result: number, changes: number): void {
    this.#report({ type: RecordType.file, root, result, changes }, () => path);
  }

  #report(
    { root, ...record }: { type: number; root: number; result: number; changes: number },
    path: () => string,
    target?: () => string,
  ): void {
    const { byContents, preserve, keepsTimes, rootName, report } = this.#options;
    const isFile = record.type === RecordType.file;
    const item = itemize({ ...record, byContents, keepsTimes: preserve || (isFile && keepsTimes) });
    if (item === undefined) return;
    const shown = shownPath(rootName(root), path());
    const isDirectory = record.type === RecordType.directory;
    report({ item, path: isDirectory ? joinPath(shown === "" ? "." : shown, "") + "/" : shown, target: target?.() });
  }
}
