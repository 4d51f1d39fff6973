/** The socket calls of Linux's libc (socket(7), tcp(7)), and their errors. */

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
  /** On a thread of its own: the promise is for its return value, its errno is lost. */
  poll: { parameters: ["pointer", "usize", "i32"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The numbers of <sys/socket.h>, <netinet/tcp.h>, <poll.h> and <fcntl.h>, the same on x86-64 and AArch64. */
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVLOWAT = 18;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_CONGESTION = 13;
export const POLLIN = 1;
export const POLLOUT = 4;
export const F_DUPFD_CLOEXEC = 1030;

/** The calls, and errno right after a synchronous one of them. */
export interface SocketCalls {
  readonly calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly errno: () => number;
}

let opened: SocketCalls | undefined;

/**
 * The calls, opened once for each thread.
 *
 * @throws {Error} on other systems than Linux, or when FFI is not permitted.
 */
export function openSocketCalls(): SocketCalls {
  if (Deno.build.os !== "linux") {
    throw new Error(`Cannot use sockets by their descriptors: not known on ${Deno.build.os}`);
  }
  return opened ??= { calls: openLibc(SYMBOLS).symbols, errno: openErrno() };
}

/** An int option of a socket, undefined when the descriptor is no such socket. */
export function intOption(fd: number, level: number, option: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  return openSocketCalls().calls.getsockopt(fd, level, option, value, length) === 0 ? value[0] : undefined;
}

/** @throws {Error} one of Deno.errors where there is one, when the option is refused. */
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

/** The error of a failed call, of the class that Deno uses for it, with `code` set to the name, such as "ECONNRESET". */
export function socketError(act: string, errno: number): Error {
  const code = errnoName(errno);
  const message = `Cannot ${act}: ${errnoText(errno)}`;
  return Object.assign(new (CLASSES[code] ?? Error)(message), { code });
}
