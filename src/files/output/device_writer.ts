/** Writes to a device, a FIFO or standard output: in place, in order, without blocking the event loop. */

import { FileError, quotePath } from "../../errors.ts";
import type { TargetRoot } from "../engine/target_root.ts";

/** Primitive operations of an engine on one device. */
export interface Device {
  /** Resolves when the device is open; a FIFO needs a reader first. @throws {FileError} */
  open(): Promise<void>;
  /**
   * Writes part of buffer[at, at + length), which must not change until the promise settles.
   *
   * @returns Number of bytes written.
   * @throws {FileError}
   */
  write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number): Promise<number>;
  /** Flushes a block device to disk; does nothing for other devices. @throws {FileError} */
  sync(): Promise<void>;
  /** Closes the device and cancels pending calls. May be called again. */
  close(): void;
}

/** Time to wait for a device before the user gets a note. In milliseconds. */
const NOTE_MS = 300;
const ZEROS_BYTES = 256 << 10;

/** Opens its device on the first write. */
export class DeviceWriter {
  /** For messages. */
  readonly path: string;
  readonly #device: Device;
  readonly #note: () => void;
  readonly #closing = Promise.withResolvers<never>();
  #closed = false;
  #opening: Promise<void> | undefined;
  #position = 0;

  /** @param note Called with a note for the user if opening takes longer than `NOTE_MS`. */
  constructor(device: Device, root: Extract<TargetRoot, { kind: "device" }>, note: (text: string) => void) {
    this.#device = device;
    this.path = root.path;
    this.#note = () => note(`waiting for ${root.isFifo ? "a reader of " : ""}${quotePath(root.shown ?? root.path)}`);
    // Only a pending write awaits this promise.
    this.#closing.promise.catch(() => {});
  }

  /**
   * Writes all of buffer[at, at + length), which must not change until the promise settles.
   *
   * @throws {FileError} Also if the offset does not follow the last byte, and after `close`.
   */
  async write(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<void> {
    // A peer may send blocks of a device after it was closed.
    if (this.#closed) return await this.#closing.promise;
    if (offset !== this.#position) throw outOfOrder(this.path);
    await this.#untilClosed(this.#opening ??= this.#open());
    for (let done = 0; done < length;) {
      done += await this.#untilClosed(this.#device.write(buffer, at + done, length - done));
    }
    this.#position += length;
  }

  /** As `write`, with zeros. */
  async writeZeros(offset: number, length: number): Promise<void> {
    const zeros = new Uint8Array(Math.min(length, ZEROS_BYTES));
    for (let done = 0; done < length;) {
      const most = Math.min(zeros.length, length - done);
      await this.write(zeros, 0, most, offset + done);
      done += most;
    }
  }

  /** As `Device.sync`. */
  sync(): Promise<void> {
    return this.#device.sync();
  }

  /** Cancels a pending write and closes the device. */
  close(): void {
    this.#closed = true;
    this.#device.close();
    this.#closing.reject(new FileError("write", this.path, "it was closed meanwhile", { code: "EINTR" }));
  }

  async #open(): Promise<void> {
    const timer = setTimeout(this.#note, NOTE_MS);
    try {
      await this.#untilClosed(this.#device.open());
    } finally {
      clearTimeout(timer);
    }
  }

  #untilClosed<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#closing.promise]);
  }
}

/** Returns the failure of a write that does not follow the last one: a device cannot seek. */
function outOfOrder(path: string): FileError {
  return new FileError("write", path, "it can only be written from start to end", { code: "ESPIPE" });
}
