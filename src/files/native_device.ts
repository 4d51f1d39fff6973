/** Opens a device or FIFO without blocking in open(2), and writes to it in a thread of the runtime. Linux. */

import { openAsyncFileCalls } from "../native/async_file_calls.ts";
import { addressOf, AT_EMPTY_PATH, AT_FDCWD, type FileCalls } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { mayBlock } from "../native/pipe_calls.ts";
import { Readiness } from "../native/readiness.ts";
import { openSocketCalls, POLLOUT } from "../native/socket_calls.ts";
import { encodeName } from "../protocol/names.ts";
import type { Device } from "./device_writer.ts";
import { failedCall } from "./file_failure.ts";
import { type FileIdentity, isSameFile, UNKNOWN_FILE } from "./file_identity.ts";
import { FileKind } from "./file_stat.ts";
import { LONGEST_PATH_BYTES, openPath } from "./native_open.ts";
import { syncDevice } from "./sync.ts";
import { replacedDevice } from "./target_failure.ts";

const EINTR = 4;
const ENXIO = 6;
const EAGAIN = 11;
/** Interval between attempts to open a FIFO, because no event announces its reader. In milliseconds. */
const RETRY_MS = 50;
/** Maximum time of one poll(2), because the descriptor must stay open until it returns. In milliseconds. */
const MAX_WAIT_MS = 200;
const TYPE_BITS = 0o170000;

/** Owns its descriptor. */
export class NativeDevice implements Device {
  readonly #calls: FileCalls;
  readonly #path: string;
  readonly #identity: FileIdentity;
  readonly #statx: Statx;
  #output: DescriptorOutput | undefined;
  #closed = false;

  /** @param identity identity that it must have. Default: any. */
  constructor(calls: FileCalls, path: string, identity: FileIdentity = UNKNOWN_FILE) {
    this.#calls = calls;
    this.#path = path;
    this.#identity = identity;
    this.#statx = new Statx(calls);
  }

  async open(): Promise<void> {
    const { write, noTty, closeOnExec, nonBlock } = this.#calls.flags;
    const name = encodeName(this.#path);
    const scratch = new Scratch(LONGEST_PATH_BYTES + 1);
    for (;;) {
      if (this.#closed) return;
      const opened = openPath(this.#calls, AT_FDCWD, name, write | noTty | closeOnExec | nonBlock, scratch);
      if (opened >= 0) return this.#use(opened);
      // A FIFO without a reader fails with ENXIO.
      if (opened !== -ENXIO || this.#kindOf(AT_FDCWD, scratch.address, 0) !== FileKind.fifo) {
        throw failedCall("write", this.#path, -opened);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
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
    const kind = this.#kindOf(descriptor, new Scratch(8).address, AT_EMPTY_PATH);
    // Others may have replaced it, also while it waited for a reader.
    if (kind === FileKind.file || kind === undefined || !isSameFile(this.#statx, this.#identity)) {
      this.#calls.close(descriptor);
      throw replacedDevice(this.#path);
    }
    // O_NONBLOCK has other meanings for some devices (open(2)).
    if (kind !== FileKind.fifo) mayBlock(descriptor);
    this.#output = new DescriptorOutput(this.#calls, descriptor, this.#path);
  }

  #kindOf(folder: number, name: number, flags: number): number | undefined {
    return this.#statx.fill(folder, name, flags) ? this.#statx.mode & TYPE_BITS : undefined;
  }
}

/** Writes to a descriptor in order, whether or not it is in non-blocking mode. */
export class DescriptorOutput {
  readonly #calls: FileCalls;
  readonly #descriptor: number;
  readonly #path: string;
  readonly #writable: Readiness;
  readonly #owned: boolean;
  #busy = false;
  #closing = false;

  /**
   * @param path For messages.
   * @param options.owned Whether `close` closes the descriptor. Default: true.
   */
  constructor(calls: FileCalls, descriptor: number, path: string, { owned = true }: { owned?: boolean } = {}) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#path = path;
    this.#owned = owned;
    this.#writable = new Readiness(openSocketCalls(), descriptor, POLLOUT);
  }

  /** As `Device.write`. */
  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number> {
    // The descriptor may belong to another file by now.
    if (this.#closing) return 0;
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    this.#busy = true;
    try {
      while (!this.#closing) {
        const wrote = await openAsyncFileCalls().write(this.#descriptor, address, length);
        if (wrote >= 0) return wrote;
        if (this.#closing) break;
        // The errno of the other thread is lost, so repeat the call here: it fails with the same error.
        const again = this.#calls.write(this.#descriptor, address, length);
        if (again >= 0) return again;
        const errno = this.#calls.errno();
        if (errno === EAGAIN) await this.#writable.wait(MAX_WAIT_MS);
        else if (errno !== EINTR) throw failedCall("write", this.#path, errno);
      }
      return 0;
    } finally {
      this.#busy = false;
      if (this.#closing) this.#release();
    }
  }

  /** Closes the descriptor as soon as no other thread uses it. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (!this.#busy) this.#release();
  }

  #release(): void {
    if (this.#owned) this.#calls.close(this.#descriptor);
  }
}
