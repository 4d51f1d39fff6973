/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import { Scratch } from "../native/file_scratch.ts";
import { encodeName } from "../protocol/names.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { ResumableSource } from "../resume/journal.ts";
import { JournalWriter } from "../resume/journal_writer.ts";
import { removeEarlier, takeOver } from "../resume/take_over.ts";
import { DIRECT_FROM_BYTES, DirectWriter } from "./direct_writer.ts";
import type { BegunPartial, Partial, RangeWriter } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import type { NativePlacing } from "./native_placing.ts";
import { NativeRangeWriter } from "./native_range_writer.ts";
import { OpenPartials } from "./open_partials.ts";
import { SparseWriter } from "./sparse_writer.ts";
import { plainMode } from "./target_mode.ts";
import { syncDevice, syncFile } from "./sync.ts";
import { checkShape, splitTarget, targetText } from "./target_name.ts";

export class NativePartials {
  readonly #placing: NativePlacing;
  readonly #name = new Scratch(512);
  readonly #temporary = new Scratch(512);
  readonly #open = new OpenPartials();

  constructor(placing: NativePlacing) {
    this.#placing = placing;
  }

  create(root: number, path: string, size: number): Partial {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size };
    const { folder, name } = splitTarget(target, path);
    placing.enter(root, folder);
    const address = this.#name.putName(encodeName(name));
    const descriptor = placing.openTemporary(address, 0o600);
    const errno = placing.calls.ftruncate(descriptor, size) === 0 ? 0 : placing.calls.errno();
    placing.calls.close(descriptor);
    if (errno !== 0) throw placing.failed(address, errno, placing.temporary);
    const partial = { root, path, temporary: placing.handOverTemporary(), size };
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
      // A descriptor of its own: other files are begun while this one waits.
      const place = this.#duplicateFolder();
      try {
        const at = folderPath(place);
        const compares = placing.options.lent;
        const taken = source ? await takeOver(at, name, source, { compares }) : await removeEarlier(at, name);
        if (taken) {
          const { names: { partial: temporary, journal }, kept, continued } = taken;
          const partial = { root, path, temporary, size, journal, continued };
          this.#open.add(partial, taken.journal);
          return { partial, kept };
        }
      } finally {
        placing.calls.close(place);
      }
    }
    return { partial: this.create(root, path, size), kept: [] };
  }

  open(partial: Partial): RangeWriter {
    const { calls, roots } = this.#placing;
    const target = roots[partial.root];
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    const writer = this.#directly(
      temporary,
      partial,
      new NativeRangeWriter(calls, this.#openFile(temporary, text), text),
    );
    return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    this.#enter(partial);
    const path = `${folderPath(this.#placing.folder)}/${partial.temporary}`;
    await syncFile(path, targetText(target, partial.path));
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileLook | undefined {
    const placing = this.#placing;
    const target = placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const name = this.#name.putName(encodeName(splitTarget(target, partial.path).name));
    const descriptor = this.#openFile(temporary, targetText(target, partial.path));
    if (placing.calls.ftruncate(descriptor, partial.size) !== 0) {
      const errno = placing.calls.errno();
      placing.calls.close(descriptor);
      throw placing.failed(name, errno, temporary);
    }
    // The mode that a small file is made with; what follows takes it from there.
    if (!placing.xattrs) placing.calls.fchmod(descriptor, plainMode(attributes.mode, placing.options.umask));
    try {
      return placing.publish(descriptor, temporary, name, attributes, xattrs);
    } finally {
      this.#open.remove(partial, folderPath(placing.folder));
    }
  }

  openJournal(partial: Partial): JournalWriter | undefined {
    if (partial.journal === undefined) return undefined;
    this.#enter(partial);
    return new JournalWriter(`${folderPath(this.#placing.folder)}/${partial.journal}`);
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
      this.#placing.calls.unlinkat(this.#placing.folder, temporary, 0);
      this.#open.remove(partial, folderPath(this.#placing.folder));
    } catch (error) {
      // Its folder is gone or unreachable: nothing can be removed there.
      if (!(error instanceof FileError)) throw error;
      this.#open.leave(partial);
    }
  }

  keep(partial: Partial): void {
    if (this.#open.isWorthKeeping(partial) || this.#isUnnoted(partial)) this.#open.leave(partial);
    else this.discard(partial);
  }

  /** Whether it holds what a later copy is to compare. */
  #isUnnoted(partial: Partial): boolean {
    if (!this.#placing.options.lent || partial.journal === undefined) return false;
    try {
      this.#enter(partial);
      return Deno.statSync(`${folderPath(this.#placing.folder)}/${partial.temporary}`).blocks !== 0;
    } catch {
      // Its folder is gone or unreachable: nobody will find it again.
      return false;
    }
  }

  abort(options: { keepPartials?: boolean }): void {
    for (const partial of this.#open) {
      if (options.keepPartials) this.keep(partial);
      else this.discard(partial);
    }
  }

  /** The current folder of the placing, once more. */
  #duplicateFolder(): number {
    const { calls, folder } = this.#placing;
    const { path, directory, closeOnExec } = calls.flags;
    const descriptor = calls.openat(folder, this.#name.putName(encodeName(".")), path | directory | closeOnExec, 0);
    if (descriptor < 0) throw failedCall("write", this.#placing.textOf(this.#name.address), calls.errno());
    return descriptor;
  }

  /** Makes the folder of the partial file the current one. Returns the address of its temporary name. */
  #enter(partial: Partial): number {
    const { folder } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, folder);
    return this.#temporary.putName(encodeName(partial.temporary));
  }

  /** Past the page cache, where the file system has that, and the file is large enough for it. */
  #directly(temporary: number, { size }: Partial, writer: RangeWriter): RangeWriter {
    const { calls, folder, options } = this.#placing;
    if (!options.direct || size < DIRECT_FROM_BYTES) return writer;
    const { write, noFollow, closeOnExec, nonBlock, direct } = calls.flags;
    const descriptor = calls.openat(folder, temporary, write | noFollow | closeOnExec | nonBlock | direct, 0);
    return descriptor < 0 ? writer : new DirectWriter(calls, descriptor, writer);
  }

  #openFile(temporary: number, text: string): number {
    const { calls, folder } = this.#placing;
    // Read too: where holes cannot be made, what stands there is looked at.
    const { readWrite, noFollow, closeOnExec, nonBlock } = calls.flags;
    const descriptor = calls.openat(folder, temporary, readWrite | noFollow | closeOnExec | nonBlock, 0);
    if (descriptor < 0) throw failedCall("write", text, calls.errno());
    return descriptor;
  }
}

/** A path by which `Deno.*` comes to an open folder, whatever its name is and wherever it is moved (proc(5)). */
export function folderPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
