/** Calls of Linux's libc for pipes (pipe(7)). */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  splice: { parameters: ["i32", "pointer", "i32", "pointer", "usize", "u32"], result: "isize" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Numbers of <fcntl.h>, the same on x86-64 and AArch64. */
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const O_NONBLOCK = 0o4000;
export const SPLICE_F_MOVE = 1;
export const SPLICE_F_NONBLOCK = 2;

/** Maximum size of a pipe for users without privileges (default of /proc/sys/fs/pipe-max-size). */
const MAX_PIPE_BYTES = 1 << 20;

export type PipeCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: PipeCalls | undefined;

/**
 * Opens the calls, once per thread. `openSocketCalls()` has errno.
 *
 * @throws {Error} On other systems than Linux, or if FFI is not permitted.
 */
export function openPipeCalls(): PipeCalls {
  if (Deno.build.os !== "linux") {
    throw new Error(`Cannot use pipes by their descriptors: not supported on ${Deno.build.os}`);
  }
  return opened ??= openLibc(SYMBOLS).symbols;
}

/** Makes a pipe as large as permitted. Returns its size in bytes; undefined if the descriptor is not a pipe. */
export function enlargePipe(fd: number): number | undefined {
  const { fcntl } = openPipeCalls();
  fcntl(fd, F_SETPIPE_SZ, MAX_PIPE_BYTES);
  const bytes = fcntl(fd, F_GETPIPE_SZ, 0);
  return bytes > 0 ? bytes : undefined;
}

/** Puts a descriptor in blocking mode, for every process that shares it. */
export function enableBlocking(fd: number): void {
  openPipeCalls().fcntl(fd, F_SETFL, 0);
}

/** Puts a descriptor in non-blocking mode, for every process that shares it. */
export function disableBlocking(fd: number): void {
  openPipeCalls().fcntl(fd, F_SETFL, O_NONBLOCK);
}
