/** Further names of files. They are sent last, when the first name exists on the receiver. */

import { encodeName } from "../../protocol/names.ts";
import { RecordType } from "../../protocol/data/records.ts";
import { FileStat } from "../stat/file_stat.ts";
import { splitRelativePath } from "../path/local_path.ts";
import { type Pack, PackBuilder } from "./pack_builder.ts";

interface Link {
  root: number;
  path: string;
  first: { root: number; path: string };
}

/** Records the files with several names. */
export class HardLinks {
  readonly #firsts = new Map<string, Link["first"]>();
  readonly #links: Link[] = [];
  readonly #across: boolean;

  /** @param across Whether the names of a file may be below several roots. */
  constructor(across: boolean) {
    this.#across = across;
  }

  /** Returns whether a file was found before under another name. Then it is sent as a link later. */
  isFurther(root: number, stat: FileStat, path: () => string): boolean {
    const key = `${stat.dev}:${stat.inode}:${stat.inodeLow}`;
    const first = this.#firsts.get(key);
    if (first === undefined) this.#firsts.set(key, { root, path: path() });
    else this.#links.push({ root, path: path(), first });
    return first !== undefined;
  }

  /** Drops the first names of a root if links are created only within one root. */
  endRoot(): void {
    if (!this.#across) this.#firsts.clear();
  }

  /** Returns the hardlink records, in separate packs. */
  *packs(): Generator<Pack, void> {
    const builder = new PackBuilder();
    const stat = new FileStat();
    let directory: string | undefined;
    let root = -1;
    for (const link of this.#links) {
      const { first } = link;
      if (builder.isFull()) yield builder.take()!;
      const place = splitRelativePath(link.path);
      if (place.directory !== directory || link.root !== root) {
        directory = place.directory;
        root = link.root;
        builder.enter(root, encodeName(directory));
      }
      const name = encodeName(place.name);
      builder.addLink(RecordType.hardlink, name, 0, name.length, encodeName(first.path), stat, undefined, first.root);
    }
    const last = builder.take();
    if (last) yield last;
  }
}
