/** Where this process runs and takes its memory from: sched_setaffinity(2) and set_mempolicy(2). Linux only. */

import { UsageError } from "../../errors.ts";
import { Errno, errnoText, openErrno } from "../libc/errno.ts";
import { openLibc } from "../libc/libc.ts";
import { linuxNumbers } from "../libc/linux_numbers.ts";

const SYMBOLS = {
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  // glibc leaves this one to libnuma.
  set_mempolicy: { name: "syscall", parameters: ["isize", "i32", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const MPOL_BIND = 2;
const MASK_BYTES = 128;

/** CPUs and memory nodes by number, below 1024. What is left out stays as it is. */
export interface Placement {
  readonly cpumask?: readonly number[];
  readonly nodemask?: readonly number[];
}

/**
 * Applies it to all threads that there are and will be; memory, to those that are started from now on and this one.
 *
 * @returns what could not be done on this system, and why.
 * @throws {UsageError} for CPUs or nodes that this machine does not have.
 */
export function place({ cpumask, nodemask }: Placement): string[] {
  if (!cpumask && !nodemask) return [];
  let calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  let errno: () => number;
  try {
    if (Deno.build.os !== "linux") throw new Error("only Linux has the calls for it");
    calls = openLibc(SYMBOLS).symbols;
    errno = openErrno();
  } catch (error) {
    return [`cpumask and nodemask are left out: ${error instanceof Error ? error.message : error}`];
  }
  const notes: string[] = [];
  const check = (result: number, key: string, numbers: readonly number[]) => {
    if (result === 0) return;
    const number = errno();
    // The thread has exited since it was listed.
    if (number === Errno.ESRCH) return;
    if (number !== Errno.EINVAL) notes.push(`${key} is left out: ${errnoText(number)}`);
    else throw new UsageError(`Cannot use the ${key}: this machine has none of the numbers ${numbers.join(", ")}`);
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

/** The calling thread first. */
function threads(): number[] {
  return [0, ...Array.from(Deno.readDirSync("/proc/self/task"), ({ name }) => Number(name))];
}

/** Bits in the order of the machine, which is little-endian on all that are supported. */
function maskOf(numbers: readonly number[]): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(MASK_BYTES);
  for (const number of numbers) mask[number >> 3] |= 1 << (number & 7);
  return mask;
}
