/** A socket that can send with MSG_ZEROCOPY, as in Documentation/networking/msg_zerocopy.rst of Linux. */

import { openLibc } from "../../../src/native/libc/libc.ts";
import { addressOf } from "../../../src/native/file/calls.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, setOption, SOL_SOCKET } from "../../../src/native/net/socket_calls.ts";

const SYMBOLS = {
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
} as const;

const SO_ZEROCOPY = 60;
const MSG_ZEROCOPY = 0x4000000;
const MSG_ERRQUEUE = 0x2000;
/** Field ee_code of struct sock_extended_err, and its value if the kernel has copied the data. */
const CODE_AT = 6;
const CODE_ZEROCOPY_COPIED = 1;
/** Layout of struct msghdr with 64-bit pointers, and of struct cmsghdr. */
const MSGHDR_BYTES = 56;
const CONTROL_POINTER_AT = 32;
const CONTROL_LENGTH_AT = 40;
const CMSGHDR_BYTES = 16;
const CONTROL_BYTES = 128;

/** Does not own its descriptor. */
export class ZerocopySocket {
  /** Whether the kernel reported that it has copied. */
  copied = false;
  readonly #calls = openLibc(SYMBOLS).symbols;
  readonly #fd: number;
  readonly #zerocopy: boolean;
  readonly #control = new Uint8Array(CONTROL_BYTES);
  readonly #message = new Uint8Array(MSGHDR_BYTES);
  readonly #view = new DataView(this.#message.buffer);
  /** Completions that were not read. */
  #pending = 0;

  constructor(fd: number, zerocopy: boolean) {
    this.#fd = fd;
    this.#zerocopy = zerocopy;
    if (zerocopy) setOption(fd, SOL_SOCKET, SO_ZEROCOPY, new Int32Array([1]));
  }

  /** Sends from a position. @returns the number of bytes, 0 if the connection is full. */
  send(bytes: Uint8Array<ArrayBuffer>, from: number): number {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL | (this.#zerocopy ? MSG_ZEROCOPY : 0);
    const sent = Number(this.#calls.send(this.#fd, bytes.subarray(from), BigInt(bytes.length - from), flags));
    if (sent > 0 && this.#zerocopy) this.#pending++;
    return Math.max(0, sent);
  }

  /** @returns the number of bytes, 0 if none has arrived. */
  receive(bytes: Uint8Array<ArrayBuffer>): number {
    return Math.max(0, Number(this.#calls.recv(this.#fd, bytes, BigInt(bytes.length), MSG_DONTWAIT)));
  }

  /** Reads the completions that have arrived. One may stand for several calls. */
  readCompletions(): void {
    while (this.#pending > 0) {
      this.#view.setBigUint64(CONTROL_POINTER_AT, BigInt(addressOf(this.#control.buffer)), true);
      this.#view.setBigUint64(CONTROL_LENGTH_AT, BigInt(CONTROL_BYTES), true);
      if (this.#calls.recvmsg(this.#fd, this.#message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
      const control = new DataView(this.#control.buffer);
      if (control.getUint8(CMSGHDR_BYTES + CODE_AT) === CODE_ZEROCOPY_COPIED) this.copied = true;
      const first = control.getUint32(CMSGHDR_BYTES + 8, true);
      const last = control.getUint32(CMSGHDR_BYTES + 12, true);
      this.#pending -= last - first + 1;
    }
  }
}
