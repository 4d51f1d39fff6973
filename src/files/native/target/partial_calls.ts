/** Opens partial files, by descriptor. */

import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { Errno } from "../../../native/libc/errno.ts";
import { encodeName } from "../../../protocol/names.ts";
import type { RangeReader } from "../../engine/source.ts";
import type { Partial, RangeWriter } from "../../engine/partial_file.ts";
import { failedCall } from "../../stat/file_failure.ts";
import { type FileIdentity, isSameFile, planted } from "../../stat/file_identity.ts";
import type { KnownFile, PartialCalls } from "../../write/target_directory.ts";
import { DIRECT_FROM_BYTES, DirectWriter } from "../direct_writer.ts";
import { openOnce } from "../open.ts";
import { NativeRangeReader } from "../range_reader.ts";
import { NativeRangeWriter } from "../range_writer.ts";
import { StagedFile } from "./staged_file.ts";
import type { NativeTargetDirectory } from "./directory.ts";

export class NativePartialCalls implements PartialCalls<StagedFile> {
  readonly #directory: NativeTargetDirectory;
  readonly #calls: FileCalls;
  readonly #statx: Statx;
  readonly #temporary = new PinnedBuffer(512);

  constructor(directory: NativeTargetDirectory) {
    this.#directory = directory;
    this.#calls = directory.calls;
    this.#statx = new Statx(directory.calls);
  }

  openStaged(file: KnownFile, text: string): StagedFile {
    const staged = new StagedFile().reset(this.#put(file), this.#open(file, text, "write"));
    staged.identity = file.identity;
    staged.inPlace = file.inPlace === true;
    return staged;
  }

  openWriter(partial: Partial, text: string): RangeWriter {
    const writer = new NativeRangeWriter(this.#calls, this.#open(partial, text, "write"), text);
    return this.#openDirect(partial, writer) ?? writer;
  }

  openReader(partial: Partial, text: string): RangeReader {
    return new NativeRangeReader(this.#calls, this.#open(partial, text, "read"), text);
  }

  hasName(partial: Partial): boolean {
    return this.#statx.fill(this.#directory.descriptor, this.#put(partial), AT_SYMLINK_NOFOLLOW) &&
      isSameFile(this.#statx, partial.identity);
  }

  /** @throws {FileError} If the temporary name refers to another file. */
  #open(file: KnownFile, text: string, operation: "read" | "write"): number {
    const calls = this.#calls;
    const { read, readWrite, noFollow, nonBlock, closeOnExec } = calls.flags;
    // Writers read too: without a call that punches holes, existing contents are examined. A FIFO must not block.
    const flags = (operation === "read" ? read : readWrite) | noFollow | nonBlock | closeOnExec;
    const descriptor = openOnce(calls, this.#directory.descriptor, this.#put(file), flags);
    if (descriptor < 0) {
      const errno = -descriptor;
      const isStolen = errno === Errno.ENOENT || errno === Errno.ELOOP;
      throw isStolen ? planted(operation, text) : failedCall(operation, text, errno);
    }
    if (this.#isFile(descriptor, file.identity)) return descriptor;
    calls.close(descriptor);
    throw planted(operation, text);
  }

  /** Opens a writer that bypasses the page cache; undefined if the file is too small or the file system refuses. */
  #openDirect(partial: Partial, writer: RangeWriter): RangeWriter | undefined {
    const { descriptor: directory, options } = this.#directory;
    if (!options.direct || partial.size < DIRECT_FROM_BYTES) return undefined;
    const calls = this.#calls;
    const { write, noFollow, closeOnExec, nonBlock, direct } = calls.flags;
    const flags = write | noFollow | closeOnExec | nonBlock | direct;
    const descriptor = openOnce(calls, directory, this.#put(partial), flags);
    if (descriptor < 0) return undefined;
    if (this.#isFile(descriptor, partial.identity)) return new DirectWriter(calls, descriptor, writer);
    calls.close(descriptor);
    return undefined;
  }

  #isFile(descriptor: number, identity: FileIdentity): boolean {
    return this.#statx.fillOpen(descriptor) && isSameFile(this.#statx, identity);
  }

  #put({ temporary }: KnownFile): number {
    return this.#temporary.putName(encodeName(temporary));
  }
}
