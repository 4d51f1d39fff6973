/** Socket calls of Linux's libc (socket(7), tcp(7)), and their errors. */

import { errnoName, errnoText, openErrno } from "../libc/errno.ts";
import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** Runs on another thread: the promise has the return value, but errno is lost. */
  poll: { parameters: ["pointer", "usize", "i32"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** Numbers of <sys/socket.h>, <netinet/tcp.h>, <poll.h> and <fcntl.h>, the same on x86-64 and AArch64. */
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_RDWR = 2;
export const SOL_SOCKET = 1;
export const SO_RCVLOWAT = 18;
export const SO_ACCEPTCONN = 30;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_CONGESTION = 13;
export const POLLIN = 1;
export const POLLOUT = 4;
export const F_DUPFD_CLOEXEC = 1030;

/** The calls, and errno directly after a synchronous call. */
export interface SocketCalls {
  readonly calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly errno: () => number;
}

let opened: SocketCalls | undefined;

/**
 * Opens the calls, once per thread.
 *
 * @throws {Error} On other systems than Linux, or if FFI is not permitted.
 */
export function openSocketCalls(): SocketCalls {
  if (Deno.build.os !== "linux") {
    throw new Error(`Cannot use sockets by their descriptors: not supported on ${Deno.build.os}`);
  }
  return opened ??= { calls: openLibc(SYMBOLS).symbols, errno: openErrno() };
}

/** Returns an int option of a socket; undefined if the descriptor is not a socket with this option. */
export function intOption(fd: number, level: number, option: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  return openSocketCalls().calls.getsockopt(fd, level, option, value, length) === 0 ? value[0] : undefined;
}

/** Sets an option of a socket. @throws {Error} The class in Deno.errors if one exists. */
export function setOption(fd: number, level: number, option: number, value: Int32Array | Uint8Array): void {
  const { calls, errno } = openSocketCalls();
  if (calls.setsockopt(fd, level, option, value as Uint8Array<ArrayBuffer>, value.byteLength) !== 0) {
    throw socketError("set an option of a connection", errno());
  }
}

const CLASSES: Partial<Record<string, new (message: string) => Error>> = {
  EBADF: Deno.errors.BadResource,
  EPIPE: Deno.errors.BrokenPipe,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  ETIMEDOUT: Deno.errors.TimedOut,
};

/** Returns the error of a failed call. It has the class that Deno uses, and `code` is a name such as "ECONNRESET". */
export function socketError(operation: string, errno: number): Error {
  const code = errnoName(errno);
  const message = `Cannot ${operation}: ${errnoText(errno)}`;
  return Object.assign(new (CLASSES[code] ?? Error)(message), { code });
}
