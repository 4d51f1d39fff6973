/** Large files on their way: made here, written by any thread, given their name here. */

import { Errno } from "../../native/libc/errno.ts";
import { FileError } from "../../errors.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import { hasRecord, removeEarlier, takeOver } from "../../resume/partial/take_over.ts";
import { DIRECT_FROM_BYTES, DirectWriter } from "./direct_writer.ts";
import type { BegunPartial, Partial, RangeWriter, Resumable } from "../engine/target.ts";
import type { RangeReader } from "../engine/source.ts";
import { failedCall } from "../stat/file_failure.ts";
import { type FileIdentity, isSameFile, planted, UNKNOWN_FILE } from "../stat/file_identity.ts";
import type { Attributes } from "../stat/file_stat.ts";
import type { NativePlacing } from "./placing.ts";
import type { NativePublisher } from "./publishing.ts";
import { NativeRangeReader } from "./range_reader.ts";
import { NativeRangeWriter } from "./range_writer.ts";
import { OpenPartials } from "../../resume/partial/open_partials.ts";
import { SparseWriter } from "../target/sparse_writer.ts";
import { syncDevice, syncFile } from "../target/sync.ts";
import { checkShape, splitTarget, targetText } from "../target/name.ts";
import { mayHold } from "../target/held_directories.ts";

export class NativePartials {
  readonly #placing: NativePlacing;
  readonly #publisher: NativePublisher;
  readonly #name = new PinnedBuffer(512);
  readonly #temporary = new PinnedBuffer(512);
  readonly #itself = new PinnedBuffer(8);
  readonly #statx: Statx;
  readonly #open = new OpenPartials();

  constructor(placing: NativePlacing, publisher: NativePublisher) {
    this.#placing = placing;
    this.#publisher = publisher;
    this.#statx = new Statx(placing.calls);
  }

  /** @param holds whether the file stays open, so that no other file gets its inode. Default: if others can write here. */
  create(root: number, path: string, size: number, holds?: boolean): Partial {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size, identity: UNKNOWN_FILE };
    const { directory, name } = splitTarget(target, path);
    placing.enter(root, directory);
    const address = this.#name.putName(encodeName(name));
    const descriptor = placing.openTemporary(address);
    const identity = this.#identityOf(descriptor);
    const errno = identity && placing.calls.ftruncate(descriptor, size) === 0 ? 0 : placing.calls.errno();
    const isHeld = errno === 0 && (holds ?? placing.access.shared) && mayHold();
    if (!isHeld) placing.calls.close(descriptor);
    if (!identity || errno !== 0) throw placing.failed(address, errno, placing.temporary);
    const partial = { root, path, temporary: placing.handOverTemporary(), size, identity };
    this.#open.add(partial, isHeld ? { pin: { close: () => placing.calls.close(descriptor) } } : {});
    return partial;
  }

  async begin(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    const placing = this.#placing;
    const target = placing.roots[root];
    checkShape(target, path !== "");
    if (target.kind !== "device" && resumable && (resumable.source || hasRecord(resumable))) {
      placing.enter(root, splitTarget(target, path).directory);
      // A descriptor of its own: other files are begun while this one waits.
      const place = this.#duplicateDirectory();
      try {
        const at = directoryPath(place);
        const { source, record: journal } = resumable;
        const compares = placing.options.lent;
        const taken = source ? await takeOver(at, resumable, source, { compares }) : await removeEarlier(at, resumable);
        if (taken) {
          const { partial: { name: temporary, ...identity }, kept, continued } = taken;
          const partial = { root, path, temporary, size, journal, continued, identity };
          this.#open.add(partial, { locked: taken });
          return { partial, kept };
        }
      } finally {
        placing.calls.close(place);
      }
    }
    return { partial: this.create(root, path, size, true), kept: [] };
  }

  open(partial: Partial): RangeWriter {
    const { calls, roots } = this.#placing;
    const target = roots[partial.root];
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    const writer = this.#directly(
      temporary,
      partial,
      new NativeRangeWriter(calls, this.#openFile(temporary, partial, text), text),
    );
    return this.#placing.options.sparse ? new SparseWriter(writer) : writer;
  }

  read(partial: Partial): RangeReader {
    const { calls, roots } = this.#placing;
    const text = targetText(roots[partial.root], partial.path);
    const temporary = this.#enter(partial);
    return new NativeRangeReader(calls, this.#openFile(temporary, partial, text, "read"), text);
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#placing.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    const text = targetText(target, partial.path);
    const temporary = this.#enter(partial);
    if (!this.#hasName(temporary, partial)) throw planted("write", text);
    await syncFile(`${directoryPath(this.#placing.directory)}/${partial.temporary}`, text);
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined {
    const placing = this.#placing;
    const target = placing.roots[partial.root];
    if (target.kind === "device") return undefined;
    const temporary = this.#enter(partial);
    const name = this.#name.putName(encodeName(splitTarget(target, partial.path).name));
    try {
      const descriptor = this.#openFile(temporary, partial, targetText(target, partial.path));
      if (placing.calls.ftruncate(descriptor, partial.size) !== 0) {
        const errno = placing.calls.errno();
        placing.calls.close(descriptor);
        throw placing.failed(name, errno, temporary);
      }
      return this.#publisher.publish(descriptor, temporary, name, attributes, xattrs, partial.identity);
    } finally {
      this.#open.remove(partial);
    }
  }

  discard(partial: Partial): void {
    if (partial.temporary === "") return;
    try {
      const temporary = this.#enter(partial);
      if (this.#hasName(temporary, partial)) this.#placing.calls.unlinkat(this.#placing.directory, temporary, 0);
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
      return Deno.statSync(`${directoryPath(this.#placing.directory)}/${partial.temporary}`).blocks !== 0;
    } catch {
      // Its directory is gone or unreachable: nobody will find it again.
      return false;
    }
  }

  abort(options: { keepPartials?: boolean }): void {
    for (const partial of this.#open) {
      if (options.keepPartials) this.keep(partial);
      else this.discard(partial);
    }
  }

  /** The current directory of the placing, once more. */
  #duplicateDirectory(): number {
    const { calls, directory } = this.#placing;
    const { path, directoryOnly, closeOnExec } = calls.flags;
    const descriptor = calls.openat(
      directory,
      this.#name.putName(encodeName(".")),
      path | directoryOnly | closeOnExec,
      0,
    );
    if (descriptor < 0) throw failedCall("write", this.#placing.textOf(this.#name.address), calls.errno());
    return descriptor;
  }

  /** Makes the directory of the partial file the current one. Returns the address of its temporary name. */
  #enter(partial: Partial): number {
    const { directory } = splitTarget(this.#placing.roots[partial.root], partial.path);
    this.#placing.enter(partial.root, directory);
    return this.#temporary.putName(encodeName(partial.temporary));
  }

  /** Past the page cache, where the file system has that, and the file is large enough for it. */
  #directly(temporary: number, { size, identity }: Partial, writer: RangeWriter): RangeWriter {
    const { calls, directory, options } = this.#placing;
    if (!options.direct || size < DIRECT_FROM_BYTES) return writer;
    const { write, noFollow, closeOnExec, nonBlock, direct } = calls.flags;
    const descriptor = calls.openat(directory, temporary, write | noFollow | closeOnExec | nonBlock | direct, 0);
    if (descriptor >= 0 && this.#isFile(descriptor, identity)) return new DirectWriter(calls, descriptor, writer);
    if (descriptor >= 0) calls.close(descriptor);
    return writer;
  }

  /** @throws {FileError} if the temporary name refers to another file. */
  #openFile(temporary: number, { identity }: Partial, text: string, act = "write"): number {
    const { calls, directory } = this.#placing;
    // Read too: if holes cannot be punched, the contents are examined. Opening must not wait for a FIFO.
    const { readWrite, noFollow, nonBlock, closeOnExec } = calls.flags;
    const descriptor = calls.openat(directory, temporary, readWrite | noFollow | nonBlock | closeOnExec, 0);
    if (descriptor >= 0 && this.#isFile(descriptor, identity)) return descriptor;
    const errno = descriptor < 0 ? calls.errno() : 0;
    if (descriptor >= 0) calls.close(descriptor);
    throw errno === 0 || errno === Errno.ENOENT || errno === Errno.ELOOP
      ? planted(act, text)
      : failedCall(act, text, errno);
  }

  /** Returns whether the temporary name refers to the partial file. */
  #hasName(temporary: number, { identity }: Partial): boolean {
    return this.#statx.fill(this.#placing.directory, temporary, AT_SYMLINK_NOFOLLOW) &&
      isSameFile(this.#statx, identity);
  }

  #isFile(descriptor: number, identity: FileIdentity): boolean {
    const found = this.#identityOf(descriptor);
    return found !== undefined && isSameFile(found, identity);
  }

  #identityOf(descriptor: number): FileIdentity | undefined {
    if (!this.#statx.fill(descriptor, this.#itself.address, AT_EMPTY_PATH)) return undefined;
    return { dev: this.#statx.dev, inode: this.#statx.inode };
  }
}

/** A path by which `Deno.*` comes to an open directory, whatever its name is and wherever it is moved (proc(5)). */
export function directoryPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
