/** Keeps replaced files under other names, by descriptor. */

import type { FileCalls } from "../../../native/file/calls.ts";
import { NameCounter } from "../../../native/file/name_counter.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { Errno, SystemCallError } from "../../../native/libc/errno.ts";
import { encodeName } from "../../../protocol/names.ts";
import { TEMPORARY_SUFFIX, TemporaryNames } from "../../path/temporary_names.ts";
import { openEntry } from "../open.ts";
import type { NativeTargetDirectory } from "./directory.ts";
import { SharedNaming } from "./naming.ts";

export class NativeBackups {
  readonly #directory: NativeTargetDirectory;
  readonly #calls: FileCalls;
  readonly #naming: SharedNaming;
  readonly #statx: Statx;
  readonly #temporary: NameCounter;
  readonly #other = new PinnedBuffer(512);

  constructor(directory: NativeTargetDirectory) {
    this.#directory = directory;
    this.#calls = directory.calls;
    this.#naming = new SharedNaming(directory.calls);
    this.#statx = new Statx(directory.calls);
    this.#temporary = new NameCounter(new TemporaryNames(directory.options.token).stem, TEMPORARY_SUFFIX);
  }

  /** See `CommitCalls.backUp`. */
  backUp(name: number, into: NativeTargetDirectory, other: string): (() => void) | undefined {
    const calls = this.#calls;
    const directory = this.#directory;
    const place = openEntry(calls, directory.descriptor, name);
    if (place < 0) throw new SystemCallError(-place);
    try {
      if (!this.#statx.fillOpen(place)) throw new SystemCallError(calls.errno());
      // The file could not be replaced, and a second name of it could not be removed.
      if (!directory.mayDelete(this.#statx.uid)) throw new SystemCallError(Errno.EPERM);
      const to = this.#other.putName(encodeName(other));
      if (this.#link(place, into.descriptor, to)) return undefined;
      this.#check(calls.renameat(directory.descriptor, name, into.descriptor, to));
      // Another user may have replaced the file since it was examined.
      if (!this.#naming.isNameOf(place, into.descriptor, to)) throw new SystemCallError(Errno.ESTALE);
      return () =>
        void calls.renameat(into.descriptor, this.#other.putName(encodeName(other)), directory.descriptor, name);
    } finally {
      calls.close(place);
    }
  }

  /** Links an open file to a name that may exist. Returns whether the file system has such links. */
  #link(place: number, into: number, to: number): boolean {
    this.#temporary.next();
    const { address } = this.#temporary;
    if (this.#naming.link(place, into, address) !== 0) return false;
    const errno = this.#naming.renameOpen(place, into, address, to);
    // rename(2) does nothing if both are already names of one file.
    if (this.#naming.isNameOf(place, into, address)) this.#calls.unlinkat(into, address, 0);
    if (errno !== 0) throw new SystemCallError(errno);
    return true;
  }

  #check(result: number): void {
    if (result !== 0) throw new SystemCallError(this.#calls.errno());
  }
}
