/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { ResumableSource } from "../resume/journal.ts";
import { JournalWriter } from "../resume/journal_writer.ts";
import { removeEarlier, takeOver } from "../resume/take_over.ts";
import type { BegunPartial, Partial, RangeWriter } from "./engine.ts";
import { failedDeno } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import { baseName, joinPath } from "./local_path.ts";
import { OpenPartials } from "./open_partials.ts";
import { type PortablePlacing, remove } from "./portable_placing.ts";
import { PortableRangeWriter } from "./portable_range_writer.ts";
import { SparseWriter } from "./sparse_writer.ts";
import { syncDevice, syncFile } from "./sync.ts";
import { checkShape, splitTarget, targetText } from "./target_name.ts";

export class PortablePartials {
  readonly #placing: PortablePlacing;
  readonly #open = new OpenPartials();

  constructor(placing: PortablePlacing) {
    this.#placing = placing;
  }

  create(root: number, path: string, size: number): Partial {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size };
    const { folder, name } = splitTarget(target, path);
    placing.enter(root, folder);
    const text = placing.pathOf(name);
    const { made, temporary } = placing.createFile(text, 0o600);
    try {
      made.truncateSync(size);
    } catch (error) {
      placing.abandon();
      throw failedDeno("write", text, error);
    } finally {
      made.close();
    }
    placing.handOverTemporary();
    const partial = { root, path, temporary: baseName(temporary), size };
    this.#open.add(partial);
    return partial;
  }

  async begin(root: number, path: string, size: number, source?: ResumableSource): Promise<BegunPartial> {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind !== "device") {
      const { folder, name } = splitTarget(target, path);
      placing.enter(root, folder);
      placing.pathOf(name);
      const place = placing.folder;
      const taken = source ? await takeOver(place, name, source) : await removeEarlier(place, name);
      if (taken) {
        const { names: { partial: temporary, journal }, kept } = taken;
        const partial = { root, path, temporary, size, journal };
        this.#open.add(partial, taken.journal);
        return { partial, kept };
      }
    }
    return { partial: this.create(root, path, size), kept: [] };
  }

  open(partial: Partial): RangeWriter {
    const target = this.#placing.roots[partial.root];
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    try {
      // Read too: what stands where a hole shall be is looked at.
      const file = Deno.openSync(temporary, { read: true, write: true });
      const writer = new PortableRangeWriter(file, text);
      return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
    } catch (error) {
      throw failedDeno("write", text, error);
    }
  }

  openJournal(partial: Partial): JournalWriter | undefined {
    if (partial.journal === undefined) return undefined;
    this.#enter(partial);
    return new JournalWriter(joinPath(this.#placing.folder, partial.journal));
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    await syncFile(this.#enter(partial), targetText(target, partial.path));
  }

  commit(partial: Partial, attributes: Attributes): FileLook | undefined {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const path = this.#placing.pathOf(splitTarget(target, partial.path).name);
    try {
      truncate(temporary, partial.size, path);
      return this.#placing.publish(temporary, path, attributes, this.#toSync(temporary, path));
    } finally {
      this.#open.remove(partial, this.#placing.folder);
    }
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      remove(this.#enter(partial));
      this.#open.remove(partial, this.#placing.folder);
    } catch (error) {
      // Its folder is gone or unreachable: nothing can be removed there.
      if (!(error instanceof FileError)) throw error;
      this.#open.leave(partial);
    }
  }

  keep(partial: Partial): void {
    if (this.#open.isWorthKeeping(partial)) this.#open.leave(partial);
    else this.discard(partial);
  }

  abort(options: { keepPartials?: boolean }): void {
    for (const partial of this.#open) {
      if (options.keepPartials) this.keep(partial);
      else this.discard(partial);
    }
  }

  /** The file, open, where it has to be brought to the disk once more with its attributes. */
  #toSync(temporary: string, text: string): PortableRangeWriter | undefined {
    if (!this.#placing.options.fsync) return undefined;
    return new PortableRangeWriter(Deno.openSync(temporary, { read: true, write: true }), text);
  }

  /** Makes the folder of the partial file the current one. Returns the path of the temporary file. */
  #enter(partial: Partial): string {
    const { folder } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, folder);
    return this.#placing.pathOf(partial.temporary);
  }
}

/** On failure the file is removed. @throws {FileError} for what it is to become. */
function truncate(temporary: string, size: number, path: string): void {
  try {
    // Opening for reading and writing does not block, even if the file was replaced by a FIFO.
    using file = Deno.openSync(temporary, { read: true, write: true });
    file.truncateSync(size);
  } catch (error) {
    remove(temporary);
    throw failedDeno("write", path, error);
  }
}
