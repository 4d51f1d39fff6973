/** Numbers of Linux that differ between processors: system calls without a function in libc, and flags of open(2). */

/** The numbers of one processor. */
export interface LinuxNumbers {
  /** System calls, from the kernel's syscall_64.tbl for x86-64 and scripts/syscall.tbl for newer calls. */
  readonly statx: number;
  readonly openat2: number;
  readonly getdents64: number;
  readonly renameat2: number;
  readonly copyFileRange: number;
  readonly setMempolicy: number;
  /** Flags of open(2) from <asm/fcntl.h>. All other flags are the same on both processors. */
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  readonly O_DIRECT: number;
}

const NUMBERS: Partial<Record<string, LinuxNumbers>> = {
  x86_64: {
    statx: 332,
    openat2: 437,
    getdents64: 217,
    renameat2: 316,
    copyFileRange: 326,
    setMempolicy: 238,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    O_DIRECT: 0o40000,
  },
  aarch64: {
    statx: 291,
    openat2: 437,
    getdents64: 61,
    renameat2: 276,
    copyFileRange: 285,
    setMempolicy: 237,
    O_DIRECTORY: 0o40000,
    O_NOFOLLOW: 0o100000,
    O_DIRECT: 0o200000,
  },
};

/** Returns the numbers of this machine; undefined on an unsupported processor or system. */
export function linuxNumbers(
  { os, arch }: { os: string; arch: string } = Deno.build,
): LinuxNumbers | undefined {
  return os === "linux" && Object.hasOwn(NUMBERS, arch) ? NUMBERS[arch] : undefined;
}
