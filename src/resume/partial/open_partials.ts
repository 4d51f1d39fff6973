/** The large files that one writer has begun and neither finished nor given up, with their locks. */

import { removeJournal } from "./lock_journal.ts";
import type { Partial } from "../../files/engine/target.ts";

/** A partial file with a journal: both are locked until they are closed. */
interface Locked {
  lock: Deno.FsFile;
  journal: Deno.FsFile;
  headerBytes: number;
}

interface OpenPartial {
  partial: Partial;
  locked?: Locked;
  /** Keeps the inode of a partial file without a journal from being reused. */
  pin?: { close(): void };
}

/** See above. */
export class OpenPartials {
  readonly #open = new Map<string, OpenPartial>();

  add(partial: Partial, { locked, pin }: Pick<OpenPartial, "locked" | "pin"> = {}): void {
    this.#open.set(keyOf(partial), { partial, locked, pin });
  }

  /** Whether anything is noted in the journal. */
  isWorthKeeping(partial: Partial): boolean {
    const locked = this.#open.get(keyOf(partial))?.locked;
    return locked !== undefined && locked.journal.statSync().size > locked.headerBytes;
  }

  /** The partial file is finished or removed: its journal goes too. */
  remove(partial: Partial): void {
    const journal = this.#take(partial);
    if (journal) removeJournal(partial.journal!, journal);
  }

  /** The partial file stays as it is, and so does its journal. */
  leave(partial: Partial): void {
    this.#take(partial)?.close();
  }

  [Symbol.iterator](): Iterator<Partial> {
    return [...this.#open.values()].map(({ partial }) => partial)[Symbol.iterator]();
  }

  /** Closes the partial file. @returns its journal. */
  #take(partial: Partial): Deno.FsFile | undefined {
    const { locked, pin } = this.#open.get(keyOf(partial)) ?? {};
    this.#open.delete(keyOf(partial));
    pin?.close();
    locked?.lock.close();
    return locked?.journal;
  }
}

/** Its temporary name alone says nothing: a file of the same name in another directory may have the same. */
function keyOf({ root, path, temporary }: Partial): string {
  return `${root}/${path}/${temporary}`;
}
