/**
 * File calls that may wait for a disk or a reader, each on a thread of the runtime's pool, whose errno is lost. They are
 * opened at the first use, because most copies do not need them and every symbol slows down the start. Linux.
 */

import { ForeignMemoryPool } from "../libc/foreign_memory_pool.ts";
import { openLibc } from "../libc/libc.ts";
import { linuxNumbers } from "../libc/linux_numbers.ts";

const SYMBOLS = {
  pread: { parameters: ["i32", "usize", "usize", "i64"], result: "i32", nonblocking: true },
  pwrite: { parameters: ["i32", "usize", "usize", "i64"], result: "i32", nonblocking: true },
  write: { parameters: ["i32", "usize", "usize"], result: "i32", nonblocking: true },
  // FICLONERANGE first flushes dirty pages of the source to disk.
  ioctl: { parameters: ["i32", "usize", "usize"], result: "i32", nonblocking: true },
  copy_file_range: {
    name: "syscall",
    parameters: ["isize", "i32", "usize", "i32", "usize", "usize", "u32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Two loff_t: the offsets at which copy_file_range(2) reads and writes. */
const offsets = new ForeignMemoryPool(16);
/** struct file_clone_range. */
const ranges = new ForeignMemoryPool(32);
/** FICLONERANGE of ioctl_ficlonerange(2). */
const CLONE_RANGE = 0x4020940d;

/**
 * File calls on other threads. Files must stay open and buffers referenced until a call resolves. Each call returns -1 on
 * failure, without a reason.
 */
export interface AsyncFileCalls {
  /** pread(2). @returns the number of bytes read. */
  pread(file: number, into: number, length: number, offset: number): Promise<number>;
  /** pwrite(2). @returns the number of bytes written. */
  pwrite(file: number, from: number, length: number, offset: number): Promise<number>;
  /** write(2). @returns the number of bytes written. */
  write(file: number, from: number, length: number): Promise<number>;
  /** copy_file_range(2) at the same offset in both files. @returns the number of bytes copied, 0 at the end of `from`. */
  copyRange(from: number, to: number, offset: number, length: number): Promise<number>;
  /** ioctl_ficlonerange(2): makes `to` share the blocks of `from`, all of the range or none of it. @returns 0 */
  shareRange(from: number, to: number, offset: number, length: number): Promise<number>;
}

let opened: AsyncFileCalls | undefined;

/** Opens the calls, once per thread. @throws {Error} if this is not Linux, or FFI is not permitted. */
export function openAsyncFileCalls(): AsyncFileCalls {
  if (opened) return opened;
  const numbers = linuxNumbers();
  if (!numbers) {
    throw new Error(`Cannot use file calls of ${Deno.build.os} on ${Deno.build.arch}: they are not supported`);
  }
  const { pread, pwrite, write, ioctl, copy_file_range } = openLibc(SYMBOLS).symbols;
  opened = {
    pread: (file, into, length, offset) => pread(file, BigInt(into), BigInt(length), BigInt(offset)),
    pwrite: (file, from, length, offset) => pwrite(file, BigInt(from), BigInt(length), BigInt(offset)),
    write: (file, from, length) => write(file, BigInt(from), BigInt(length)),
    copyRange: (from, to, offset, length) =>
      offsets.use(({ pointer, memory }) => {
        new BigInt64Array(memory).fill(BigInt(offset));
        const at = BigInt(Deno.UnsafePointer.value(pointer));
        return copy_file_range(BigInt(numbers.copyFileRange), from, at, to, at + 8n, BigInt(length), 0);
      }),
    shareRange: (from, to, offset, length) =>
      ranges.use(({ pointer, memory }) => {
        new BigInt64Array(memory).set([BigInt(from), BigInt(offset), BigInt(length), BigInt(offset)]);
        return ioctl(to, BigInt(CLONE_RANGE), BigInt(Deno.UnsafePointer.value(pointer)));
      }),
  };
  return opened;
}
