/**
 * File calls of Linux by synchronous FFI. Addresses are plain numbers (base of an ArrayBuffer plus offset). Results are
 * numbers; after -1, `errno()` returns the reason if it is the next call. No call allocates memory in JavaScript.
 */

import { openErrno } from "../libc/errno.ts";
import { openLibc } from "../libc/libc.ts";
import { linuxNumbers } from "../libc/linux_numbers.ts";

const SYMBOLS = {
  openat: { parameters: ["i32", "usize", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "usize", "usize"], result: "i32" },
  write: { parameters: ["i32", "usize", "usize"], result: "i32" },
  pread: { parameters: ["i32", "usize", "usize", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "usize", "usize", "i64"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  statfs: { parameters: ["usize", "usize"], result: "i32" },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32" },
  mkdirat: { parameters: ["i32", "usize", "u32"], result: "i32" },
  renameat: { parameters: ["i32", "usize", "i32", "usize"], result: "i32" },
  unlinkat: { parameters: ["i32", "usize", "i32"], result: "i32" },
  symlinkat: { parameters: ["usize", "i32", "usize"], result: "i32" },
  linkat: { parameters: ["i32", "usize", "i32", "usize", "i32"], result: "i32" },
  readlinkat: { parameters: ["i32", "usize", "usize", "usize"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  chmod: { parameters: ["usize", "u32"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  fchownat: { parameters: ["i32", "usize", "u32", "u32", "i32"], result: "i32" },
  futimens: { parameters: ["i32", "usize"], result: "i32" },
  utimensat: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  // These calls also serve access control lists; xattr_calls.ts has the others for extended attributes.
  getxattr: { parameters: ["usize", "usize", "usize", "usize"], result: "i32" },
  lgetxattr: { parameters: ["usize", "usize", "usize", "usize"], result: "i32" },
  setxattr: { parameters: ["usize", "usize", "usize", "usize", "i32"], result: "i32" },
  removexattr: { parameters: ["usize", "usize"], result: "i32" },
  memccpy: { parameters: ["usize", "usize", "i32", "usize"], result: "usize" },
  geteuid: { parameters: [], result: "u32" },
  getegid: { parameters: [], result: "u32" },
  // glibc and musl do not all have functions for these calls, so they are called by number.
  statx: { name: "syscall", parameters: ["isize", "i32", "usize", "i32", "u32", "usize"], result: "i32" },
  openat2: { name: "syscall", parameters: ["isize", "i32", "usize", "usize", "usize"], result: "i32" },
  getdents64: { name: "syscall", parameters: ["isize", "i32", "usize", "usize"], result: "i32" },
  renameat2: { name: "syscall", parameters: ["isize", "i32", "usize", "i32", "usize", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
/** Makes unlinkat(2) remove an empty directory. */
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_FORCE_SYNC = 0x2000;
/** Advice of posix_fadvise(2): the page cache may drop the pages. */
export const FADV_DONTNEED = 4;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

/** Flags of open(2). `directoryOnly`, `noFollow` and `direct` differ between processors. */
export interface OpenFlags {
  readonly read: number;
  readonly write: number;
  readonly readWrite: number;
  readonly create: number;
  readonly exclusive: number;
  readonly directoryOnly: number;
  readonly noFollow: number;
  /** Bypasses the page cache (O_DIRECT). */
  readonly direct: number;
  readonly nonBlock: number;
  readonly noTty: number;
  /** Opens only a location in the tree, without permission for the file (O_PATH). */
  readonly path: number;
  readonly closeOnExec: number;
}

/** 64-bit parameters accept numbers as well as bigints, unlike in the declarations of Deno. */
type WithNumbers<Call> = Call extends (...values: infer Values) => infer Result
  ? (...values: { [Index in keyof Values]: number }) => Result
  : never;
type AllCalls = {
  [Name in keyof typeof SYMBOLS]: WithNumbers<Deno.StaticForeignLibraryInterface<typeof SYMBOLS>[Name]>;
};
type LibcCalls = Omit<
  AllCalls,
  "lseek" | "fallocate" | "memccpy" | "statx" | "openat2" | "getdents64" | "renameat2"
>;

/** File calls of one thread, as in section 2 of the manual. A path is the address of a NUL-terminated name. */
export interface FileCalls extends LibcCalls {
  readonly flags: OpenFlags;
  /** Returns the error number of the last call, which has failed. */
  errno(): number;
  /** lseek(2), with SEEK_END, SEEK_DATA or SEEK_HOLE. */
  seek(file: number, offset: number, whence: number): number;
  /** fallocate(2) that punches a hole and keeps the size; EOPNOTSUPP if the file system has no holes. */
  punchHole(file: number, offset: number, length: number): number;
  /** Copies a name with its NUL between two addresses. @returns whether it has at most `maxBytes` including the NUL. */
  copyName(to: number, from: number, maxBytes: number): boolean;
  /** statx(2) with the basic fields into 256 bytes at `into`. */
  statx(directory: number, name: number, flags: number, into: number): number;
  /** openat2(2); `how` is the address of a struct open_how. */
  openat2(directory: number, name: number, how: number): number;
  /** getdents64(2). */
  getdents64(directory: number, into: number, bytes: number): number;
  /** renameat2(2) with RENAME_NOREPLACE; EEXIST if `to` exists, EINVAL if the file system lacks it. */
  renameNew(fromDirectory: number, from: number, toDirectory: number, to: number): number;
  /** renameat2(2) with RENAME_EXCHANGE; EINVAL if the file system lacks it. */
  exchange(fromDirectory: number, from: number, toDirectory: number, to: number): number;
}

let opened: FileCalls | undefined;

/**
 * Opens the file calls, once per thread.
 *
 * @throws {Error} if this is not Linux on a supported processor, or FFI is not permitted.
 */
export function openFileCalls(): FileCalls {
  if (opened) return opened;
  const numbers = linuxNumbers();
  if (!numbers) {
    throw new Error(`Cannot use file calls of ${Deno.build.os} on ${Deno.build.arch}: they are not supported`);
  }
  const { lseek, fallocate, memccpy, statx, openat2, getdents64, renameat2, ...calls } = openLibc(SYMBOLS)
    .symbols as unknown as AllCalls;
  const basicFields = 0x7ff;
  const howBytes = 24;
  const noReplace = 1;
  const exchange = 2;
  const punchHoleKeepSize = 3;
  opened = {
    ...calls,
    errno: openErrno(),
    seek: (file, offset, whence) => Number(lseek(file, offset, whence)),
    punchHole: (file, offset, length) => fallocate(file, punchHoleKeepSize, offset, length),
    copyName: (to, from, maxBytes) => Number(memccpy(to, from, 0, maxBytes)) !== 0,
    statx: (directory, name, flags, into) => statx(numbers.statx, directory, name, flags, basicFields, into),
    openat2: (directory, name, how) => openat2(numbers.openat2, directory, name, how, howBytes),
    getdents64: (directory, into, bytes) => getdents64(numbers.getdents64, directory, into, bytes),
    renameNew: (fromDirectory, from, toDirectory, to) =>
      renameat2(numbers.renameat2, fromDirectory, from, toDirectory, to, noReplace),
    exchange: (fromDirectory, from, toDirectory, to) =>
      renameat2(numbers.renameat2, fromDirectory, from, toDirectory, to, exchange),
    flags: {
      read: 0,
      write: 1,
      readWrite: 2,
      create: 0o100,
      exclusive: 0o200,
      directoryOnly: numbers.O_DIRECTORY,
      noFollow: numbers.O_NOFOLLOW,
      direct: numbers.O_DIRECT,
      nonBlock: 0o4000,
      noTty: 0o400,
      path: 0o10000000,
      closeOnExec: 0o2000000,
    },
  };
  return opened;
}

let lastBuffer: ArrayBuffer | undefined;
let lastAddress = 0;
const addresses = new WeakMap<ArrayBuffer, number>();

/**
 * Returns the address of an ArrayBuffer. The address is valid while the buffer is referenced and not detached, so its user
 * must keep a reference to the buffer.
 */
export function addressOf(buffer: ArrayBuffer): number {
  if (buffer === lastBuffer) return lastAddress;
  let address = addresses.get(buffer);
  if (address === undefined) {
    address = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)));
    addresses.set(buffer, address);
  }
  lastBuffer = buffer;
  lastAddress = address;
  return address;
}
