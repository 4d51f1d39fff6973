/** Memory of one thread for names that are passed to system calls. */

import { addressOf } from "./calls.ts";

/** A buffer at a fixed address. */
export class PinnedBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly address: number;

  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.address = addressOf(buffer);
  }

  /** Writes a name and its NUL at offset `at`. Returns its address. */
  putName(name: Uint8Array, at = 0): number {
    this.bytes.set(name, at);
    this.bytes[at + name.length] = 0;
    return this.address + at;
  }
}
