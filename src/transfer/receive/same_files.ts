/** Targets that are their own sources: they are left alone, and the user gets a note. */

import { quotePath } from "../../errors.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { targetText } from "../../files/target/name.ts";
import { cutText, grouped } from "../../protocol/control/texts.ts";
import { MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";
import type { ReceivedPack } from "../../streams/unit.ts";

/** The targets of one copy that are their own sources. */
export class SameFiles {
  readonly #roots: readonly TargetRoot[];
  readonly #note: (text: string) => void;
  #count = 0;
  /** The first of them, in words. */
  #first = "";

  constructor(roots: readonly TargetRoot[], note: (text: string) => void) {
    this.#roots = roots;
    this.#note = note;
    for (const root of roots) if (isSame(root)) this.#add(targetText(root, ""), 1);
  }

  /** Adds files. Those below a directory that is its own source do not count. */
  add({ files, root, path }: NonNullable<ReceivedPack["same"]>): void {
    if (!isSame(this.#roots[root])) this.#add(targetText(this.#roots[root], path), files);
  }

  /** Notes them all at once. */
  note(): void {
    if (this.#count === 0) return;
    const others = this.#count - 1;
    const were = others === 0 ? "was" : `and ${grouped(others)} other${others === 1 ? "" : "s"} were`;
    this.#note(cutText(`${this.#first} ${were} left alone: source and target are the same`, MAX_MESSAGE_TEXT));
  }

  #add(path: string, count: number): void {
    if (this.#count === 0) this.#first = quotePath(path);
    this.#count += count;
  }
}

function isSame(root: TargetRoot): boolean {
  return root.kind !== "device" && root.same === true;
}
