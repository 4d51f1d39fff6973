/**
 * Journals of large files that take longer than expected. Starting a journal takes longer than copying a file of 10 MiB, and
 * most files are finished soon.
 */

import { FileError } from "../../errors.ts";
import type { Partial, PartialFileWriter, RecordedTarget, ResumableSource } from "../../files/engine/partial_file.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { ReceivedRange } from "../../streams/report.ts";
import { JournalWriter } from "../../resume/partial/journal_writer.ts";

/** Default time after which a file gets a journal, in milliseconds. */
const DELAY_MS = 1_000;

/** Callbacks and settings of late journals. */
export interface LateJournalsOptions {
  /** Returns whether descriptors suffice for another journal. */
  mayStart: () => boolean;
  /** Lets all streams record the blocks of a file. */
  started: (file: number, path: string) => void;
  /** Whether ranges have checksums. Those of a local copy have none; a resumed one compares the bytes with the source. */
  hasChecksums: boolean;
  /** Default: 1000. */
  delayMs?: number;
}

/** A large file without a journal, or with a late one. */
interface LateFile {
  readonly partial: Partial;
  readonly target: RecordedTarget;
  readonly source: ResumableSource;
  readonly dueAt: number;
  /** Ranges that were written before the journal was started. */
  readonly written: SummedRange[];
  journal?: JournalWriter;
}

/** The files of one receiver that have no journal yet, or a late one. This thread records what was written before its start. */
export class LateJournals {
  readonly #writer: Pick<PartialFileWriter, "startJournal">;
  readonly #options: LateJournalsOptions;
  /** By number. */
  readonly #files = new Map<number, LateFile>();
  /** Numbers of files without a journal, in the order in which they were added. */
  readonly #waiting = new Set<number>();
  readonly #starting = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(writer: Pick<PartialFileWriter, "startJournal">, options: LateJournalsOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  /** Number of journals that are being started. */
  get starting(): number {
    return this.#starting.size;
  }

  /** Number of journals that this thread writes to. */
  get open(): number {
    let count = 0;
    for (const { journal } of this.#files.values()) if (journal) count++;
    return count;
  }

  /** Starts the journal of a file after a while, unless it has one or needs none. */
  add(file: number, partial: Partial, target: RecordedTarget, source: ResumableSource): void {
    if (partial.journal !== undefined || partial.same || partial.inPlace || partial.temporary === "") return;
    const dueAt = performance.now() + (this.#options.delayMs ?? DELAY_MS);
    this.#files.set(file, { partial, target, source, dueAt, written: [] });
    this.#waiting.add(file);
    this.#setTimer();
  }

  /** Records a range that a stream has written, unless the stream has recorded it. */
  written(file: number, { start, end, crc32, recorded }: Omit<ReceivedRange, "type" | "unit" | "file">): void {
    const late = recorded || !this.#options.hasChecksums ? undefined : this.#files.get(file);
    if (late?.journal) late.journal.append(start, end, crc32);
    else late?.written.push({ start, end, crc32 });
  }

  /** Forgets a file that is finished or given up. */
  forget(file: number): void {
    const late = this.#files.get(file);
    this.#files.delete(file);
    this.#waiting.delete(file);
    late?.journal?.close();
  }

  /** Starts no more journals. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Resolves when no journal is being started. Closes all journals. */
  async settled(): Promise<void> {
    this.stop();
    await Promise.all(this.#starting);
    for (const file of [...this.#files.keys()]) this.forget(file);
  }

  #setTimer(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#startDue();
      this.#setTimer();
    }, Math.max(0, this.#files.get(first)!.dueAt - performance.now()));
  }

  #startDue(): void {
    for (const file of this.#waiting) {
      const late = this.#files.get(file)!;
      if (late.dueAt > performance.now()) return;
      this.#waiting.delete(file);
      if (!this.#options.mayStart()) continue;
      const starting = this.#start(file, late).finally(() => this.#starting.delete(starting));
      this.#starting.add(starting);
    }
  }

  async #start(file: number, late: LateFile): Promise<void> {
    let path: string | undefined;
    try {
      path = await this.#writer.startJournal(late.partial, late.target, late.source);
    } catch (error) {
      // The directory cannot be entered any more. The end of the file reports that.
      if (!(error instanceof FileError)) throw error;
    }
    if (path === undefined || this.#files.get(file) !== late) return;
    // Streams that open the file from now on get the journal with it.
    late.partial.journal = path;
    this.#options.started(file, path);
    late.journal = new JournalWriter(path);
    for (const { start, end, crc32 } of late.written.splice(0)) late.journal.append(start, end, crc32);
  }
}
