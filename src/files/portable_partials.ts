/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import type { Partial, RangeWriter } from "./engine.ts";
import { failedDeno } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import { baseName } from "./local_path.ts";
import { type PortablePlacing, remove } from "./portable_placing.ts";
import { openDevice, PortableRangeWriter } from "./portable_range_writer.ts";
import { SparseWriter } from "./sparse_writer.ts";
import { checkShape, splitTarget, targetText } from "./target_name.ts";

export class PortablePartials {
  readonly #placing: PortablePlacing;
  /** Those made by this writer and neither committed nor discarded. */
  readonly #open = new Map<string, Partial>();

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
    this.#open.set(partial.temporary, partial);
    return partial;
  }

  open(partial: Partial): RangeWriter {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return openDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    try {
      // Read too: what stands where a hole shall be is looked at.
      const file = Deno.openSync(temporary, { read: true, write: true });
      const writer = new PortableRangeWriter(file, { text, inOrder: false });
      return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
    } catch (error) {
      throw failedDeno("write", text, error);
    }
  }

  commit(partial: Partial, attributes: Attributes): void {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return;
    const temporary = this.#enter(partial);
    this.#open.delete(partial.temporary);
    const path = this.#placing.pathOf(splitTarget(target, partial.path).name);
    try {
      Deno.truncateSync(temporary, partial.size);
    } catch (error) {
      remove(temporary);
      throw failedDeno("write", path, error);
    }
    this.#placing.publish(temporary, path, attributes);
  }

  discard(partial: Partial): void {
    this.#open.delete(partial.temporary);
    if (partial.temporary === "") return;
    try {
      remove(this.#enter(partial));
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

  /** Makes the folder of the partial file the current one. Returns the path of the temporary file. */
  #enter(partial: Partial): string {
    const { folder } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, folder);
    return this.#placing.pathOf(partial.temporary);
  }
}
