/** The large files that one writer has begun and neither finished nor given up, with the locks of their journals. */

import { JOURNAL_HEADER_BYTES } from "../resume/journal.ts";
import { removeJournal } from "../resume/lock_journal.ts";
import type { Partial } from "./engine.ts";
import { joinPath } from "./local_path.ts";

interface OpenPartial {
  partial: Partial;
  /** Locked until it is closed. */
  journal?: Deno.FsFile;
  /** Keeps the inode from being reused. */
  pin?: { close(): void };
}

/** See above. */
export class OpenPartials {
  readonly #open = new Map<string, OpenPartial>();

  add(partial: Partial, { journal, pin }: Pick<OpenPartial, "journal" | "pin"> = {}): void {
    this.#open.set(keyOf(partial), { partial, journal, pin });
  }

  /** Whether anything was noted in its journal. */
  isWorthKeeping(partial: Partial): boolean {
    const journal = this.#open.get(keyOf(partial))?.journal;
    return journal !== undefined && journal.statSync().size > JOURNAL_HEADER_BYTES;
  }

  /** It is finished or removed: its journal goes too. `folder` is the path of the folder that it stands in. */
  remove(partial: Partial, folder: string): void {
    const journal = this.#take(partial);
    if (journal) removeJournal(joinPath(folder, partial.journal!), journal);
  }

  /** It stays as it is, and so does its journal. */
  leave(partial: Partial): void {
    this.#take(partial)?.close();
  }

  [Symbol.iterator](): Iterator<Partial> {
    return [...this.#open.values()].map(({ partial }) => partial)[Symbol.iterator]();
  }

  #take(partial: Partial): Deno.FsFile | undefined {
    const open = this.#open.get(keyOf(partial));
    this.#open.delete(keyOf(partial));
    open?.pin?.close();
    return open?.journal;
  }
}

/** Its temporary name alone says nothing: a file of the same name in another folder may have the same. */
function keyOf({ root, path, temporary }: Partial): string {
  return `${root}/${path}/${temporary}`;
}
