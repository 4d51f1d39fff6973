/** Large files on their way: made here, written by any thread, given their name here. */

import { FileError } from "../errors.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { encodeName } from "../protocol/names.ts";
import type { FileLook } from "../resume/file_digest.ts";
import { removeEarlier, takeOver } from "../resume/take_over.ts";
import { DIRECT_FROM_BYTES, DirectWriter } from "./direct_writer.ts";
import type { BegunPartial, FileIdentity, Partial, RangeWriter, Resumable } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import type { Attributes } from "./file_stat.ts";
import type { NativePlacing } from "./native_placing.ts";
import { STANDARD_OUTPUT, StandardOutputWriter } from "./standard_output.ts";
import { NativeRangeWriter, openDevice } from "./native_range_writer.ts";
import { OpenPartials } from "./open_partials.ts";
import { partialReplaced } from "./partial_failure.ts";
import { SparseWriter } from "./sparse_writer.ts";
import { plainMode } from "./target_mode.ts";
import { syncDevice, syncFile } from "./sync.ts";
import { checkShape, splitTarget, targetText } from "./target_name.ts";

export class NativePartials {
  readonly #placing: NativePlacing;
  readonly #name = new Scratch(512);
  readonly #temporary = new Scratch(512);
  readonly #itself = new Scratch(64);
  readonly #statx: Statx;
  readonly #open = new OpenPartials();

  constructor(placing: NativePlacing) {
    this.#placing = placing;
    this.#statx = new Statx(placing.calls);
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
    const identity = this.#identityOf(descriptor);
    placing.calls.close(descriptor);
    if (errno !== 0) throw placing.failed(address, errno, placing.temporary);
    const partial = { root, path, temporary: placing.handOverTemporary(), identity, size };
    this.#open.add(partial);
    return partial;
  }

  async begin(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind !== "device" && resumable) {
      placing.enter(root, splitTarget(target, path).folder);
      // A descriptor of its own: other files are begun while this one waits.
      const place = this.#duplicateFolder();
      try {
        const at = folderPath(place);
        const { source, record: journal } = resumable;
        const compares = placing.options.lent;
        const taken = source ? await takeOver(at, resumable, source, { compares }) : await removeEarlier(at, resumable);
        if (taken) {
          const { partial: { name: temporary, ...identity }, kept, continued } = taken;
          const partial = { root, path, temporary, identity, size, journal, continued };
          this.#open.add(partial, taken);
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
    if (target.kind === "device") {
      if (target.path === STANDARD_OUTPUT) return new StandardOutputWriter();
      return new NativeRangeWriter(calls, openDevice(calls, target.path), { text, inOrder: true });
    }
    const temporary = this.#enter(partial);
    const writer = this.#directly(
      temporary,
      partial,
      new NativeRangeWriter(calls, this.#openFile(temporary, partial, text), { text, inOrder: false }),
    );
    return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    if (!this.#hasName(temporary, partial)) throw partialReplaced(text);
    await syncFile(`${folderPath(this.#placing.folder)}/${partial.temporary}`, text);
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileLook | undefined {
    const placing = this.#placing;
    const target = placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const name = this.#name.putName(encodeName(splitTarget(target, partial.path).name));
    const descriptor = this.#openFile(temporary, partial, targetText(target, partial.path));
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
      this.#open.remove(partial);
    }
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
      if (this.#hasName(temporary, partial)) this.#placing.calls.unlinkat(this.#placing.folder, temporary, 0);
      this.#open.remove(partial);
    } catch (error) {
      // Its directory is gone or unreachable: nothing can be removed there.
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
  #directly(temporary: number, { size, identity }: Partial, writer: RangeWriter): RangeWriter {
    const { calls, folder, options } = this.#placing;
    if (!options.direct || size < DIRECT_FROM_BYTES) return writer;
    const { write, noFollow, closeOnExec, direct } = calls.flags;
    const descriptor = calls.openat(folder, temporary, write | noFollow | closeOnExec | direct, 0);
    if (descriptor < 0) return writer;
    if (this.#isThat(descriptor, identity)) return new DirectWriter(calls, descriptor, writer);
    calls.close(descriptor);
    return writer;
  }

  /** Opens the partial file, and no other of its name. @throws {FileError} */
  #openFile(temporary: number, { identity }: Partial, text: string): number {
    const { calls, folder } = this.#placing;
    // Read too: where holes cannot be made, what stands there is looked at.
    const { readWrite, noFollow, nonBlock, closeOnExec } = calls.flags;
    const descriptor = calls.openat(folder, temporary, readWrite | noFollow | nonBlock | closeOnExec, 0);
    if (descriptor < 0) throw failedCall("write", text, calls.errno());
    if (this.#isThat(descriptor, identity)) return descriptor;
    calls.close(descriptor);
    throw partialReplaced(text);
  }

  /** Whether the temporary name is still that of the partial file. */
  #hasName(temporary: number, { identity }: Partial): boolean {
    return this.#statx.fill(this.#placing.folder, temporary, AT_SYMLINK_NOFOLLOW) &&
      this.#statx.dev === identity?.dev && this.#statx.inode === identity.inode;
  }

  #isThat(descriptor: number, identity: FileIdentity | undefined): boolean {
    const { dev, inode } = this.#identityOf(descriptor);
    return dev === identity?.dev && inode === identity.inode;
  }

  #identityOf(descriptor: number): FileIdentity {
    this.#itself.bytes[0] = 0;
    if (!this.#statx.fill(descriptor, this.#itself.address, AT_EMPTY_PATH)) return { dev: 0, inode: 0 };
    const { dev, inode } = this.#statx;
    return { dev, inode };
  }
}

/** A path by which `Deno.*` comes to an open folder, whatever its name is and wherever it is moved (proc(5)). */
export function folderPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
