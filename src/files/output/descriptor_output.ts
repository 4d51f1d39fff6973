/** Writes to an open descriptor of a device, a pipe or a terminal. */

import { Errno } from "../../native/libc/errno.ts";
import { openAsyncFileCalls } from "../../native/file/async_calls.ts";
import { addressOf, type FileCalls } from "../../native/file/calls.ts";
import { Readiness } from "../../native/net/readiness.ts";
import { openSocketCalls, POLLOUT } from "../../native/net/socket_calls.ts";
import { failedCall } from "../stat/file_failure.ts";

/** Maximum time of one poll(2), because the descriptor must stay open until it returns. In milliseconds. */
const MAX_WAIT_MS = 200;

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
        if (errno === Errno.EAGAIN) await this.#writable.wait(MAX_WAIT_MS);
        else if (errno !== Errno.EINTR) throw failedCall("write", this.#path, errno);
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
