/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import { Scratch } from "../native/file_scratch.ts";
import { encodeName } from "../protocol/names.ts";
import type { Partial, RangeWriter } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import type { NativePlacing } from "./native_placing.ts";
import { STANDARD_OUTPUT, StandardOutputWriter } from "./standard_output.ts";
import { NativeRangeWriter, openDevice } from "./native_range_writer.ts";
import { SparseWriter } from "./sparse_writer.ts";
import { plainMode } from "./target_mode.ts";
import { checkShape, splitTarget, targetText } from "./target_name.ts";

export class NativePartials {
  readonly #placing: NativePlacing;
  readonly #name = new Scratch(512);
  readonly #temporary = new Scratch(512);
  /** Those made by this writer and neither committed nor discarded. */
  readonly #open = new Map<string, Partial>();

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
    this.#open.set(partial.temporary, partial);
    return partial;
  }

  open(partial: Partial): RangeWriter {
    const { calls, roots } = this.#placing;
    const target = roots[partial.root];
    const text = targetText(target, partial.path);
    if (target.kind === "device") {
      if (target.path === STANDARD_OUTPUT) return new StandardOutputWriter();
      return new NativeRangeWriter(calls, openDevice(calls, target.path), { text, inOrder: true });
    }
    const temporary = this.#enter(partial);
    const writer = new NativeRangeWriter(calls, this.#openFile(temporary, text), { text, inOrder: false });
    return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): void {
    const placing = this.#placing;
    const target = placing.roots[partial.root];
    if (target.kind === "device") return;
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
    this.#open.delete(partial.temporary);
    placing.publish(descriptor, temporary, name, attributes, xattrs);
  }

  discard(partial: Partial): void {
    this.#open.delete(partial.temporary);
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
      this.#placing.calls.unlinkat(this.#placing.folder, temporary, 0);
    } catch (error) {
      // Its folder is gone or unreachable: nothing can be removed there.
      if (!(error instanceof FileError)) throw error;
    }
  }

  abort(options: { keepPartials?: boolean }): void {
    if (!options.keepPartials) {
      for (const partial of [...this.#open.values()]) this.discard(partial);
    }
    this.#open.clear();
  }

  /** Makes the folder of the partial file the current one. Returns the address of its temporary name. */
  #enter(partial: Partial): number {
    const { folder } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, folder);
    return this.#temporary.putName(encodeName(partial.temporary));
  }

  #openFile(temporary: number, text: string): number {
    const { calls, folder } = this.#placing;
    // Read too: where holes cannot be made, what stands there is looked at.
    const { readWrite, noFollow, closeOnExec } = calls.flags;
    const descriptor = calls.openat(folder, temporary, readWrite | noFollow | closeOnExec, 0);
    if (descriptor < 0) throw failedCall("write", text, calls.errno());
    return descriptor;
  }
}
