/** Opens a device or FIFO without blocking in open(2), and writes to it in a thread of the runtime. Linux. */

import { delay } from "../../async/delay.ts";
import { Errno } from "../../native/libc/errno.ts";
import { AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { enableBlocking } from "../../native/net/pipe_calls.ts";
import { encodeName } from "../../protocol/names.ts";
import type { Device } from "../output/device_writer.ts";
import { failedCall } from "../stat/file_failure.ts";
import { type FileIdentity, isSameFile, replacedDevice, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import { LONGEST_PATH_BYTES, openPath } from "./open.ts";
import { syncDevice } from "../target/sync.ts";
import { DescriptorOutput } from "../output/descriptor_output.ts";

/** Interval between attempts to open a FIFO, because no event announces its reader. In milliseconds. */
const RETRY_MS = 50;

/** Owns its descriptor. */
export class NativeDevice implements Device {
  readonly #calls: FileCalls;
  readonly #path: string;
  readonly #identity: FileIdentity;
  readonly #statx: Statx;
  #output: DescriptorOutput | undefined;
  #closed = false;

  /** @param identity Identity that the device must have. Default: any. */
  constructor(calls: FileCalls, path: string, identity: FileIdentity = UNKNOWN_FILE) {
    this.#calls = calls;
    this.#path = path;
    this.#identity = identity;
    this.#statx = new Statx(calls);
  }

  async open(): Promise<void> {
    const { write, noTty, closeOnExec, nonBlock } = this.#calls.flags;
    const name = encodeName(this.#path);
    const scratch = new PinnedBuffer(LONGEST_PATH_BYTES + 1);
    for (;;) {
      if (this.#closed) return;
      const opened = openPath(this.#calls, AT_FDCWD, name, write | noTty | closeOnExec | nonBlock, scratch);
      if (opened >= 0) return this.#use(opened);
      // A FIFO without a reader fails with ENXIO.
      if (opened !== -Errno.ENXIO || !this.#isFifo(scratch.address)) {
        throw failedCall("write", this.#path, -opened);
      }
      await delay(RETRY_MS);
    }
  }

  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number> {
    return await this.#output!.write(buffer, at, length);
  }

  async sync(): Promise<void> {
    await syncDevice(this.#path);
  }

  close(): void {
    this.#closed = true;
    this.#output?.close();
  }

  #use(descriptor: number): void {
    const kind = this.#statx.fillOpen(descriptor) ? this.#statx.kind : undefined;
    // Another user may have replaced the device, also while opening waited for a reader.
    if (kind === FileKind.file || kind === undefined || !isSameFile(this.#statx, this.#identity)) {
      this.#calls.close(descriptor);
      throw replacedDevice(this.#path);
    }
    // O_NONBLOCK has other meanings for some devices (open(2)).
    if (kind !== FileKind.fifo) enableBlocking(descriptor);
    this.#output = new DescriptorOutput(this.#calls, descriptor, this.#path);
  }

  #isFifo(name: number): boolean {
    return this.#statx.fill(AT_FDCWD, name, 0) && this.#statx.kind === FileKind.fifo;
  }
}
