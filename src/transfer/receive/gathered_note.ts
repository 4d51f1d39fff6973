/** Notes about files of which there may be many: one note for all of them, at the end. */

import { quotePath } from "../../errors.ts";
import type { GatheredFiles } from "../../files/engine/target_place.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { targetText } from "../../files/target/name.ts";
import { isSameRoot } from "../../files/target/same_file.ts";
import { cutText, grouped } from "../../protocol/control/texts.ts";
import { MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";

/** One note about the files of a copy. */
export class GatheredNote {
  readonly #roots: readonly TargetRoot[];
  readonly #note: (text: string) => void;
  /** Action on the files, in the past participle. */
  readonly #done: string;
  #count = 0;
  /** The first of them. */
  #first = "";

  constructor(roots: readonly TargetRoot[], note: (text: string) => void, done: string) {
    this.#roots = roots;
    this.#note = note;
    this.#done = done;
  }

  /** Adds files. `path` is the first of them. Files below a directory that is its own source do not count. */
  add({ files, root, path }: GatheredFiles): void {
    if (!isSameRoot(this.#roots[root])) this.addPath(targetText(this.#roots[root], path), files);
  }

  /** Adds `count` files, of which the note names `path` if it is the first. */
  addPath(path: string, count: number): void {
    if (this.#count === 0) this.#first = quotePath(path);
    this.#count += count;
  }

  /** Notes all files. */
  note(): void {
    if (this.#count === 0) return;
    const others = this.#count - 1;
    const were = others === 0 ? "was" : `and ${grouped(others)} other${others === 1 ? "" : "s"} were`;
    this.#note(cutText(`${this.#first} ${were} ${this.#done}`, MAX_MESSAGE_TEXT));
  }
}

/** Returns the note about targets that are their own sources. Roots are in it already. */
export function noteOfSame(roots: readonly TargetRoot[], note: (text: string) => void): GatheredNote {
  const gathered = new GatheredNote(roots, note, "left alone: source and target are the same");
  for (const root of roots) if (isSameRoot(root)) gathered.addPath(targetText(root, ""), 1);
  return gathered;
}
