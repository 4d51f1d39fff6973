/** Appends to a journal from any thread. Each record is one write to the end of the file, so records never interleave. */

import { JOURNAL_RECORD_BYTES, putJournalRecord } from "./journal.ts";
import { openOwnFile } from "../own_file.ts";

/** Appends the records of one thread. */
export class JournalWriter {
  readonly #record = new Uint8Array(JOURNAL_RECORD_BYTES);
  #file: Deno.FsFile | undefined;

  /** Opens the journal. If that fails, `append` does nothing, and the copy continues without recording. */
  constructor(path: string) {
    try {
      this.#file = openOwnFile(path, { append: true });
    } catch {
      this.#file = undefined;
    }
  }

  /** Records that bytes [start, end) are written. Call it after the write, because a crash may come between the two. */
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
