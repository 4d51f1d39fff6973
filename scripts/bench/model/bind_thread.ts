/** Binds one thread of this process to a CPU: sched_setaffinity(2). Linux. */

import { openLibc } from "../../../src/native/libc/libc.ts";

/** Binds the calling thread, and no other, to a CPU below 64. */
export function bindThread(cpu: number): void {
  const { sched_setaffinity } = openLibc({
    sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  }).symbols;
  const mask = new BigUint64Array([1n << BigInt(cpu)]);
  if (sched_setaffinity(0, BigInt(mask.byteLength), mask) !== 0) throw new Error(`Cannot bind a thread to CPU ${cpu}`);
}
