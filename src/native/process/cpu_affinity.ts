/** Binds this process to CPUs and memory nodes: sched_setaffinity(2) and set_mempolicy(2). Linux only. */

import { messageOf, UsageError } from "../../errors.ts";
import { Errno, errnoText, openErrno } from "../libc/errno.ts";
import { openLibc } from "../libc/libc.ts";
import { linuxNumbers } from "../libc/linux_numbers.ts";

const SYMBOLS = {
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  // glibc leaves this call to libnuma.
  set_mempolicy: { name: "syscall", parameters: ["isize", "i32", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const MPOL_BIND = 2;
const MASK_BYTES = 128;

/** CPUs and memory nodes by number, below 1024. A missing list changes nothing. */
export interface CpuAffinity {
  readonly cpumask?: readonly number[];
  readonly nodemask?: readonly number[];
}

/**
 * Binds all present and future threads to the CPUs, and this thread and future threads to the memory nodes.
 *
 * @returns a note for each setting that this system cannot apply.
 * @throws {UsageError} if this machine has none of the CPUs or nodes.
 */
export function setAffinity({ cpumask, nodemask }: CpuAffinity): string[] {
  if (!cpumask && !nodemask) return [];
  let calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  let errno: () => number;
  try {
    if (Deno.build.os !== "linux") throw new Error("it is available on Linux only");
    calls = openLibc(SYMBOLS).symbols;
    errno = openErrno();
  } catch (error) {
    return [`cpumask and nodemask are ignored: ${messageOf(error)}`];
  }
  const notes: string[] = [];
  const check = (result: number, key: string, numbers: readonly number[]) => {
    if (result === 0) return;
    const number = errno();
    // The thread has exited since it was listed.
    if (number === Errno.ESRCH) return;
    if (number !== Errno.EINVAL) notes.push(`${key} is ignored: ${errnoText(number)}`);
    else throw new UsageError(`Cannot use the ${key}: this machine has none of ${numbers.join(", ")}`);
  };
  if (cpumask) {
    const mask = maskOf(cpumask);
    for (const thread of threads()) {
      check(calls.sched_setaffinity(thread, BigInt(MASK_BYTES), mask), "cpumask", cpumask);
    }
  }
  const call = linuxNumbers()?.setMempolicy;
  if (nodemask && call !== undefined) {
    const mask = maskOf(nodemask);
    const bits = BigInt(MASK_BYTES * 8 + 1);
    check(calls.set_mempolicy(BigInt(call), MPOL_BIND, mask, bits), "nodemask", nodemask);
  }
  return [...new Set(notes)];
}

/** Returns the threads of this process, the calling thread first. */
function threads(): number[] {
  return [0, ...Array.from(Deno.readDirSync("/proc/self/task"), ({ name }) => Number(name))];
}

/** Returns a bit mask in the byte order of the machine, which is little-endian on all supported processors. */
function maskOf(numbers: readonly number[]): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(MASK_BYTES);
  for (const number of numbers) mask[number >> 3] |= 1 << (number & 7);
  return mask;
}
