/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import type { FileLook } from "../resume/file_digest.ts";
import { exactIdentity } from "../resume/own_file.ts";
import { removeEarlier, takeOver } from "../resume/take_over.ts";
import type { BegunPartial, FileIdentity, Partial, RangeWriter, Resumable } from "./engine.ts";
import { codeOf, failedDeno } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import { baseName } from "./local_path.ts";
import { OpenPartials } from "./open_partials.ts";
import { partialReplaced } from "./partial_failure.ts";
import { type PortablePlacing, remove } from "./portable_placing.ts";
import { openDevice, PortableRangeWriter } from "./portable_range_writer.ts";
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
    let identity: FileIdentity;
    try {
      made.truncateSync(size);
      identity = exactIdentity(made.statSync());
    } catch (error) {
      placing.abandon();
      throw failedDeno("write", text, error);
    } finally {
      made.close();
    }
    placing.handOverTemporary();
    const partial = { root, path, temporary: baseName(temporary), identity, size };
    this.#open.add(partial);
    return partial;
  }

  async begin(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind !== "device" && resumable) {
      const { folder, name } = splitTarget(target, path);
      placing.enter(root, folder);
      placing.pathOf(name);
      const place = placing.folder;
      const { source, record: journal } = resumable;
      const taken = source ? await takeOver(place, resumable, source) : await removeEarlier(place, resumable);
      if (taken) {
        const { partial: { name: temporary, ...identity }, kept } = taken;
        const partial = { root, path, temporary, identity, size, journal };
        this.#open.add(partial, taken);
        return { partial, kept };
      }
    }
    return { partial: this.create(root, path, size), kept: [] };
  }

  open(partial: Partial): RangeWriter {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return openDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    checkPartial(temporary, partial, text);
    try {
      // Read too: what stands where a hole shall be is looked at.
      const file = Deno.openSync(temporary, { read: true, write: true });
      if (!isThat(file.statSync(), partial)) {
        file.close();
        throw partialReplaced(text);
      }
      const writer = new PortableRangeWriter(file, { text, inOrder: false });
      return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
    } catch (error) {
      throw failedDeno("write", text, error);
    }
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    checkPartial(temporary, partial, text);
    await syncFile(temporary, text);
  }

  commit(partial: Partial, attributes: Attributes): FileLook | undefined {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const path = this.#placing.pathOf(splitTarget(target, partial.path).name);
    try {
      checkPartial(temporary, partial, path);
      truncate(temporary, partial.size, path);
      return this.#placing.publish(temporary, path, attributes, this.#toSync(temporary, path));
    } finally {
      this.#open.remove(partial);
    }
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
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

  /** The file, open, where it has to be brought to the disk once more with its attributes. */
  #toSync(temporary: string, text: string): PortableRangeWriter | undefined {
    if (!this.#placing.options.fsync) return undefined;
    return new PortableRangeWriter(Deno.openSync(temporary, { write: true }), { text, inOrder: false });
  }

  /** Makes the folder of the partial file the current one. Returns the path of the temporary file. */
  #enter(partial: Partial): string {
    const { folder } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, folder);
    return this.#placing.pathOf(partial.temporary);
  }
}

/** That the temporary name is still that of the partial file. @throws {FileError} */
function checkPartial(temporary: string, partial: Partial, text: string): void {
  if (!hasName(temporary, partial)) throw partialReplaced(text);
}

function hasName(temporary: string, partial: Partial): boolean {
  try {
    const info = Deno.lstatSync(temporary);
    return info.isFile && isThat(info, partial);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

function isThat(info: Deno.FileInfo, { identity }: Partial): boolean {
  const { dev, inode } = exactIdentity(info);
  return dev === identity?.dev && inode === identity.inode;
}

/** On failure the file is removed. @throws {FileError} for what it is to become. */
function truncate(temporary: string, size: number, path: string): void {
  try {
    Deno.truncateSync(temporary, size);
  } catch (error) {
    remove(temporary);
    throw failedDeno("write", path, error);
  }
}
