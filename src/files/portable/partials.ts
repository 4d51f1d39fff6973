/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../../errors.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import { hasRecord, removeEarlier, takeOver } from "../../resume/partial/take_over.ts";
import type { BegunPartial, Partial, RangeWriter, Resumable } from "../engine/target.ts";
import type { RangeReader } from "../engine/source.ts";
import { codeOf, failedDeno } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, planted, UNKNOWN_FILE } from "../stat/file_identity.ts";
import type { Attributes } from "../stat/file_stat.ts";
import { mayHold } from "../target/held_directories.ts";
import { baseName } from "../path/local_path.ts";
import { OpenPartials } from "../../resume/partial/open_partials.ts";
import { type PortablePlacing, remove } from "./placing.ts";
import { leadsTo } from "./access.ts";
import type { PortablePublisher } from "./publishing.ts";
import { PortableRangeReader } from "./reader.ts";
import { PortableRangeWriter } from "./range_writer.ts";
import { SparseWriter } from "../target/sparse_writer.ts";
import { syncDevice, syncFile } from "../target/sync.ts";
import { checkShape, splitTarget, targetText } from "../target/name.ts";

export class PortablePartials {
  readonly #placing: PortablePlacing;
  readonly #publisher: PortablePublisher;
  readonly #open = new OpenPartials();

  constructor(placing: PortablePlacing, publisher: PortablePublisher) {
    this.#placing = placing;
    this.#publisher = publisher;
  }

  /** @param holds whether the file stays open, so that no other file gets its inode. Default: if others can write here. */
  create(root: number, path: string, size: number, holds?: boolean): Partial {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size, identity: UNKNOWN_FILE };
    const { directory, name } = splitTarget(target, path);
    placing.enter(root, directory);
    const text = placing.pathOf(name);
    const { made, temporary } = placing.createFile(text);
    let identity: FileIdentity;
    try {
      made.truncateSync(size);
      identity = identityOf(made.statSync());
    } catch (error) {
      made.close();
      placing.abandon();
      throw failedDeno("write", text, error);
    }
    const pin = (holds ?? placing.isWatched) && mayHold() ? made : undefined;
    if (!pin) made.close();
    placing.handOverTemporary();
    const partial = { root, path, temporary: baseName(temporary), size, identity };
    this.#open.add(partial, { pin });
    return partial;
  }

  async begin(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind !== "device" && resumable && (resumable.source || hasRecord(resumable))) {
      const { directory, name } = splitTarget(target, path);
      placing.enter(root, directory);
      placing.pathOf(name);
      const place = placing.directory;
      const { source, record: journal } = resumable;
      const taken = source ? await takeOver(place, resumable, source) : await removeEarlier(place, resumable);
      if (taken) {
        const { partial: { name: temporary, ...identity }, kept } = taken;
        const partial = { root, path, temporary, size, journal, identity };
        this.#open.add(partial, { locked: taken });
        return { partial, kept };
      }
    }
    return { partial: this.create(root, path, size, true), kept: [] };
  }

  open(partial: Partial): RangeWriter {
    const target = this.#placing.roots[partial.root];
    const text = targetText(target, partial.path);
    const writer = new PortableRangeWriter(this.#openFile(partial, text), text);
    return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
  }

  /** Opens the partial file. @throws {FileError} if its name refers to another file. */
  #openFile(partial: Partial, text: string, act = "write"): Deno.FsFile {
    const temporary = this.#enter(partial);
    if (!hasName(temporary, partial)) throw planted(act, text);
    try {
      // Read too: what stands where a hole shall be is looked at.
      const file = Deno.openSync(temporary, { read: true, write: true });
      if (isSameFile(identityOf(file.statSync()), partial.identity)) return file;
      file.close();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw failedDeno(act, text, error);
    }
    throw planted(act, text);
  }

  read(partial: Partial): RangeReader {
    const text = targetText(this.#placing.roots[partial.root], partial.path);
    return new PortableRangeReader(this.#openFile(partial, text, "read"), text);
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    if (!hasName(temporary, partial)) throw planted("write", text);
    await syncFile(temporary, text);
  }

  commit(partial: Partial, attributes: Attributes): FileStatSnapshot | undefined {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const path = this.#placing.pathOf(splitTarget(target, partial.path).name);
    try {
      const file = this.#openFile(partial, path);
      truncate(file, temporary, partial.size, path);
      const open = new PortableRangeWriter(file, path);
      return this.#publisher.publish({ temporary, identity: partial.identity, open }, path, attributes);
    } finally {
      this.#open.remove(partial);
    }
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
      // Another file under this name is left alone.
      if (hasName(temporary, partial)) remove(temporary);
      this.#open.remove(partial);
    } catch (error) {
      // Its directory is gone or unreachable: nothing can be removed there.
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

  /** Makes the directory of the partial file the current one. Returns the path of the temporary file. */
  #enter(partial: Partial): string {
    const { directory } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, directory);
    return this.#placing.pathOf(partial.temporary);
  }
}

/** Returns whether the temporary name refers to the partial file. */
function hasName(temporary: string, { identity }: Partial): boolean {
  return leadsTo(temporary, identity, { follow: false });
}

/** Sets the size. On failure closes and removes the file. @throws {FileError} */
function truncate(file: Deno.FsFile, temporary: string, size: number, path: string): void {
  try {
    file.truncateSync(size);
  } catch (error) {
    file.close();
    remove(temporary);
    throw failedDeno("write", path, error);
  }
}
