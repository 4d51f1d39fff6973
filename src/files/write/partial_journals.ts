/** Journals of large files in the current directory of a writer, by which a later copy resumes them. */

import type { OpenPartials } from "../../resume/partial/open_partials.ts";
import { hasRecord, removeEarlier, startJournal, takeOver } from "../../resume/partial/take_over.ts";
import type { BegunPartial, Partial, RecordedTarget, Resumable, ResumableSource } from "../engine/partial_file.ts";
import type { TargetPlace } from "../engine/target_place.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { targetText } from "../target/name.ts";
import type { AtomicWriter } from "./atomic_writer.ts";

/** Place and size of a large file. */
export type FilePlace = Pick<Partial, "root" | "path" | "size">;

/** The caller enters the directory of a file before each call. Other directories may be entered while a call waits. */
export class PartialJournals<Name, Staged> {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #open: OpenPartials;

  /** @param open The partial files of the writer. */
  constructor(writer: AtomicWriter<Name, Staged>, open: OpenPartials) {
    this.#writer = writer;
    this.#open = open;
  }

  /** Begins a file with a journal; undefined if the journal is not available. @throws {FileError} */
  async takeOver(
    { root, path, size }: FilePlace,
    resumable: Resumable,
    source: ResumableSource,
  ): Promise<BegunPartial | undefined> {
    const options = { compares: this.#writer.options.localCopy, checking: resumable.checking };
    const taken = await this.atPlace({ root, path }, (directory) => takeOver(directory, resumable, source, options));
    if (!taken) return undefined;
    const { partial: { name: temporary, ...identity }, kept, continued } = taken;
    const partial = { root, path, temporary, size, journal: resumable.record, continued, identity };
    this.#open.add(partial, { locked: { ...taken, record: resumable.record } });
    return { partial, kept };
  }

  /** Starts the journal of a partial file; undefined if it is not available. Returns its path. @throws {FileError} */
  async start(partial: Partial, target: RecordedTarget, source: ResumableSource): Promise<string | undefined> {
    const { record } = target;
    const started = await this.atPlace(partial, (directory) => startJournal(directory, target, source, partial));
    return started && this.#open.lock(partial, { ...started, record }) ? record : undefined;
  }

  /** Removes what an earlier copy has left of a file. @throws {FileError} */
  async removeEarlier(place: TargetPlace, resumable: Resumable | undefined): Promise<void> {
    if (!resumable || !hasRecord(resumable)) return;
    await this.atPlace(place, (directory) => removeEarlier(directory, resumable));
  }

  /**
   * Calls `action` with a path of the current directory, which contains the file.
   *
   * @throws {FileError} If the directory cannot be kept open. Also the errors of `action`.
   */
  async atPlace<Result>(
    { root, path }: TargetPlace,
    action: (directory: string) => Promise<Result>,
  ): Promise<Result> {
    let place: { path: string; close(): void };
    try {
      place = this.#writer.directory.keepPlace();
    } catch (error) {
      throw failedDeno("write", targetText(this.#writer.roots[root], path), error);
    }
    try {
      return await action(place.path);
    } finally {
      place.close();
    }
  }
}
