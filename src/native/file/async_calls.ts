/**
 * The file calls that may take as long as a disk takes, each in a thread of the runtime's, whose errno nobody sees. Opened
 * when the first of them is wanted: only copies on one machine do, and every symbol costs each start some time. Linux.
 */

import { ForeignMemoryPool } from "../libc/foreign_memory_pool.ts";
import { openLibc } from "../libc/libc.ts";
import { linuxNumbers } from "../libc/linux_numbers.ts";

const SYMBOLS = {
  pread: { parameters: ["i32", "usize", "usize", "i64"], result: "i32", nonblocking: true },
  pwrite: { parameters: ["i32", "usize", "usize", "i64"], result: "i32", nonblocking: true },
  write: { parameters: ["i32", "usize", "usize"], result: "i32", nonblocking: true },
  // Blocks of the source that are not on the disk yet are written first.
  ioctl: { parameters: ["i32", "usize", "usize"], result: "i32", nonblocking: true },
  copy_file_range: {
    name: "syscall",
    parameters: ["isize", "i32", "usize", "i32", "usize", "usize", "u32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Two loff_t: where copy_file_range(2) reads and writes. */
const offsets = new ForeignMemoryPool(16);
/** struct file_clone_range. */
const ranges = new ForeignMemoryPool(32);
/** FICLONERANGE of ioctl_ficlonerange(2). */
const CLONE_RANGE = 0x4020940d;

/**
 * Neither the files nor the buffers may go before a call resolves. Each returns -1 when it cannot be done this way, for no
 * known reason.
 */
export interface AsyncFileCalls {
  /** pread(2). @returns bytes that were read. */
  pread(file: number, into: number, length: number, offset: number): Promise<number>;
  /** pwrite(2). @returns bytes that were written. */
  pwrite(file: number, from: number, length: number, offset: number): Promise<number>;
  /** write(2). @returns bytes that were written. */
  write(file: number, from: number, length: number): Promise<number>;
  /** copy_file_range(2) at one offset in both files. @returns bytes that were copied, 0 at the end of `from`. */
  copyRange(from: number, to: number, offset: number, length: number): Promise<number>;
  /** As `copyRange` with ioctl_ficlonerange(2): `to` shares the blocks of `from`, all of these or none. @returns 0 */
  shareRange(from: number, to: number, offset: number, length: number): Promise<number>;
}

let opened: AsyncFileCalls | undefined;

/** Those of this thread; opened once. @throws {Error} when this is not Linux, or FFI is not permitted. */
export function openAsyncFileCalls(): AsyncFileCalls {
  if (opened) return opened;
  const numbers = linuxNumbers();
  if (!numbers) throw new Error(`Cannot use file calls of ${Deno.build.os} on ${Deno.build.arch}: they are not known`);
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
