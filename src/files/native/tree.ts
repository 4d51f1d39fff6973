/** Directories below a root whose entries are removed, by descriptor. */

import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { Errno } from "../../native/libc/errno.ts";
import { encodeName } from "../../protocol/names.ts";
import type { DirectoryTree } from "../engine/engine.ts";
import { failedCall } from "../stat/file_failure.ts";
import { FileStat } from "../stat/file_stat.ts";
import type { NativeDirectories } from "./directories.ts";
import { NativeLister } from "./lister.ts";
import { descriptorPath, SCRATCH_BYTES } from "./open.ts";
import { readStat } from "./stat.ts";

export class NativeTree implements DirectoryTree {
  readonly lister: NativeLister;
  readonly #calls: FileCalls;
  readonly #directories: NativeDirectories;
  readonly #statx: Statx;
  readonly #name = new PinnedBuffer(SCRATCH_BYTES);

  /** @param directories Resolves paths below the root without following links; closed by `close`. */
  constructor(calls: FileCalls, directories: NativeDirectories) {
    this.lister = new NativeLister(calls, { directories });
    this.#calls = calls;
    this.#directories = directories;
    this.#statx = new Statx(calls);
  }

  get place(): string {
    return descriptorPath(this.lister.descriptor);
  }

  statEntry(name: string, { follow }: { follow: boolean }): FileStat | undefined {
    const address = this.#name.putName(encodeName(name));
    if (!this.#statx.fill(this.lister.descriptor, address, follow ? 0 : AT_SYMLINK_NOFOLLOW)) {
      const errno = this.#calls.errno();
      if (errno === Errno.ENOENT) return undefined;
      throw failedCall("examine", name, errno);
    }
    const stat = new FileStat();
    readStat(this.#statx, stat);
    return stat;
  }

  unlink(name: string, shown: string): void {
    const address = this.#name.putName(encodeName(name));
    if (this.#calls.unlinkat(this.lister.descriptor, address, 0) === 0) return;
    const errno = this.#calls.errno();
    if (errno !== Errno.ENOENT) throw failedCall("remove", shown, errno);
  }

  close(): void {
    this.lister.closeDirectory();
    this.#directories.close();
  }
}
