/** Large files of which several processes write ranges into one partial file. */

import { FileError } from "../../errors.ts";
import { lockExisting, lockOpen, lockShared, removeRecord } from "../../resume/lock_record.ts";
import type { OpenPartials } from "../../resume/partial/open_partials.ts";
import { openShared, takeOverRange } from "../../resume/partial/shared_file.ts";
import { openOwnFile } from "../../resume/own_file.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import type { BegunPartial, Partial, Resumable } from "../engine/partial_file.ts";
import { joinPath } from "../path/local_path.ts";
import { codeOf, failedDeno } from "../stat/file_failure.ts";
import { identityOf } from "../stat/file_identity.ts";
import type { FilePlace, PartialJournals } from "./partial_journals.ts";

/** The caller enters the directory of a file before each call. */
export class SharedPartials<Name, Staged> {
  readonly #open: OpenPartials;
  readonly #journals: PartialJournals<Name, Staged>;
  /** Journals of finished ranges. */
  readonly #finished: string[] = [];

  constructor(open: OpenPartials, journals: PartialJournals<Name, Staged>) {
    this.#open = open;
    this.#journals = journals;
  }

  /** Begins a range. @throws {FileError} */
  async begin(
    place: FilePlace,
    text: string,
    { name, range, resumable }: { name: string; range: ByteRange; resumable?: Resumable },
  ): Promise<BegunPartial> {
    return await this.#journals.atPlace(place, async (directory) => {
      const path = joinPath(directory, name);
      try {
        const shared = openShared(path, place.size);
        // Cleaning leaves a locked file alone.
        if (!await lockShared(shared.file)) {
          throw new FileError("write", text, "the run that finishes the copy uses it");
        }
        const { dev, inode } = shared.identity;
        const partial: Partial = { ...place, temporary: name, identity: { dev, inode }, sharedFrom: range.start };
        const { source, checking } = resumable ?? {};
        const taken = resumable && source
          ? await takeOverRange(path, shared, resumable, { name, range, source, checking })
          : undefined;
        if (!taken) {
          this.#open.add(partial, { pin: shared.file });
          return { partial, kept: [] };
        }
        partial.journal = resumable!.record;
        this.#open.add(partial, { locked: { ...taken, lock: shared.file, record: resumable!.record } });
        return { partial, kept: taken.kept };
      } catch (error) {
        throw error instanceof FileError ? error : failedDeno("write", text, error);
      }
    });
  }

  /** Opens the partial file of a complete file; undefined if there is none. @throws {FileError} */
  async openJoined(place: FilePlace, text: string, name: string): Promise<Partial | undefined> {
    return await this.#journals.atPlace(place, async (directory) => {
      try {
        const file = openOwnFile(joinPath(directory, name), { write: true });
        if (!file) return undefined;
        if (!await lockOpen(file)) throw new FileError("finish", text, "a shard is still writing it");
        const partial = { ...place, temporary: name, identity: identityOf(file.statSync()), sharedFrom: 0 };
        this.#open.add(partial, { pin: file });
        return partial;
      } catch (error) {
        throw error instanceof FileError ? error : failedDeno("finish", text, error);
      }
    });
  }

  /** Closes a finished range. */
  leave(partial: Partial): void {
    const journal = this.#open.leave(partial);
    if (journal !== undefined) this.#finished.push(journal);
  }

  /** Removes the journals of finished ranges. Never fails. */
  async removeJournals(): Promise<void> {
    for (const path of this.#finished.splice(0)) {
      try {
        const journal = await lockExisting(path);
        if (journal) removeRecord(path, journal);
      } catch (error) {
        if (codeOf(error) === undefined) throw error;
      }
    }
  }
}
