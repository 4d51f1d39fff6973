/** Further names of one file. They are sent last, when the first name is sure to be there. */

import { encodeName } from "../../protocol/names.ts";
import { RecordType } from "../../protocol/data/records.ts";
import { FileStat } from "../stat/file_stat.ts";
import { baseName, directoryOf } from "../path/local_path.ts";
import { type Pack, PackBuilder } from "./pack_builder.ts";

interface Link {
  root: number;
  path: string;
  first: string;
}

/** Remembers files with several names, per root. */
export class HardLinks {
  readonly #firsts = new Map<string, string>();
  readonly #links: Link[] = [];

  /** Whether this file was seen under another name; that makes it a link for later. */
  isFurther(root: number, stat: FileStat, path: () => string): boolean {
    const key = `${stat.dev}:${stat.inode}:${stat.inodeLow}`;
    const first = this.#firsts.get(key);
    if (first === undefined) this.#firsts.set(key, path());
    else this.#links.push({ root, path: path(), first });
    return first !== undefined;
  }

  /** Forgets the first names of a root: a link is made within one root only. */
  endRoot(): void {
    this.#firsts.clear();
  }

  /** The hardlink records, in packs of their own. */
  *packs(): Generator<Pack, void> {
    const builder = new PackBuilder();
    const stat = new FileStat();
    let directory: string | undefined;
    let root = -1;
    for (const link of this.#links) {
      if (builder.isFull()) yield builder.take()!;
      const above = link.path.includes("/") ? directoryOf(link.path) : "";
      if (above !== directory || link.root !== root) builder.enter(root = link.root, encodeName(directory = above));
      const name = encodeName(baseName(link.path));
      builder.addLink(RecordType.hardlink, name, 0, name.length, encodeName(link.first), stat);
    }
    const last = builder.take();
    if (last) yield last;
  }
}
