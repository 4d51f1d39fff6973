/** Appends to a journal, from any thread: each record goes in one write to the end of the file, so none tears another. */

import { JOURNAL_RECORD_BYTES, putJournalRecord } from "./journal.ts";
import { openOwnFile } from "../own_file.ts";

/** One writer's way into a journal. */
export class JournalWriter {
  readonly #record = new Uint8Array(JOURNAL_RECORD_BYTES);
  #file: Deno.FsFile | undefined;

  /** A journal that cannot be opened is a journal that grows no longer: the copy itself does without. */
  constructor(path: string) {
    try {
      this.#file = openOwnFile(path, { append: true });
    } catch {
      this.#file = undefined;
    }
  }

  /** Notes that bytes [start, end) are written. To be called after they are: what is noted first may never come. */
  append(start: number, end: number, crc32: number): void {
    if (!this.#file || start === end) return;
    putJournalRecord(this.#record, 0, start, end, crc32);
    try {
      if (this.#file.writeSync(this.#record) < this.#record.length) this.close();
    } catch {
      this.close();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
