/** The partial files of one writer that are neither finished nor abandoned, with their locks. */

import { removeJournal } from "./lock_journal.ts";
import type { Partial } from "../../files/engine/target.ts";

/** A partial file and its journal, locked until they are closed. */
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

/** Partial files by root, path and temporary name. */
export class OpenPartials {
  readonly #open = new Map<string, OpenPartial>();

  add(partial: Partial, { locked, pin }: Pick<OpenPartial, "locked" | "pin"> = {}): void {
    this.#open.set(keyOf(partial), { partial, locked, pin });
  }

  /** Returns whether the journal contains records. */
  isWorthKeeping(partial: Partial): boolean {
    const locked = this.#open.get(keyOf(partial))?.locked;
    return locked !== undefined && locked.journal.statSync().size > locked.headerBytes;
  }

  /** Removes the journal of a partial file that is finished or removed. */
  remove(partial: Partial): void {
    const journal = this.#take(partial);
    if (journal) removeJournal(partial.journal!, journal);
  }

  /** Closes a partial file and its journal without removing them. */
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

/** The temporary name alone is not unique: partial files in different directories may have the same. */
function keyOf({ root, path, temporary }: Partial): string {
  return `${root}/${path}/${temporary}`;
}
