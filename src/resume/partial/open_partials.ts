/** The partial files of one writer that are neither finished nor abandoned, with their locks. */

import { removeRecord } from "../lock_record.ts";
import type { Partial } from "../../files/engine/partial_file.ts";

/** A partial file and its journal, locked until they are closed. */
interface Locked {
  /** Path of the journal. */
  record: string;
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
  /** Temporary names of files that were left for a later copy. */
  readonly #left = new Set<string>();

  add(partial: Partial, { locked, pin }: Pick<OpenPartial, "locked" | "pin"> = {}): void {
    this.#open.set(keyOf(partial), { partial, locked, pin });
  }

  /**
   * Adds the journal of a partial file that had none. Removes the journal if the partial file was finished or abandoned
   * meanwhile.
   *
   * @returns Whether the partial file has the journal.
   */
  lock(partial: Partial, locked: Locked): boolean {
    const open = this.#open.get(keyOf(partial));
    if (!open) {
      locked.lock.close();
      removeRecord(locked.record, locked.journal);
      return false;
    }
    // The locked file keeps the inode, too.
    open.pin?.close();
    open.pin = undefined;
    open.locked = locked;
    return true;
  }

  hasJournal(partial: Partial): boolean {
    return this.#open.get(keyOf(partial))?.locked !== undefined;
  }

  /** Returns whether the journal contains records. */
  isWorthKeeping(partial: Partial): boolean {
    const locked = this.#open.get(keyOf(partial))?.locked;
    return locked !== undefined && locked.journal.statSync().size > locked.headerBytes;
  }

  /** Removes the journal of a partial file that is finished or removed. */
  remove(partial: Partial): void {
    const locked = this.#take(partial);
    if (locked) removeRecord(locked.record, locked.journal);
  }

  /** Closes a partial file and its journal without removing them. @returns the path of the journal. */
  leave(partial: Partial): string | undefined {
    this.#left.add(partial.temporary);
    const locked = this.#take(partial);
    locked?.journal.close();
    return locked?.record;
  }

  /** Returns whether a file of this temporary name was left for a later copy. */
  isLeft(temporary: string): boolean {
    return this.#left.has(temporary);
  }

  [Symbol.iterator](): Iterator<Partial> {
    return [...this.#open.values()].map(({ partial }) => partial)[Symbol.iterator]();
  }

  /** Removes a partial file from the list and unlocks it. @returns its journal, which is still locked. */
  #take(partial: Partial): Locked | undefined {
    const { locked, pin } = this.#open.get(keyOf(partial)) ?? {};
    this.#open.delete(keyOf(partial));
    pin?.close();
    locked?.lock.close();
    return locked;
  }
}

/** The temporary name alone is not unique: files in different directories, and ranges of one file, may have the same. */
function keyOf({ root, path, temporary, sharedFrom }: Partial): string {
  return `${root}/${path}/${temporary}/${sharedFrom}`;
}
