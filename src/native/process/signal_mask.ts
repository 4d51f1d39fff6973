/**
 * Chooses the threads that receive signals (pthread_sigmask(3)). The kernel prefers the main thread. If that thread waits in
 * an uninterruptible system call, for example for an unresponsive file server, no handler runs.
 */

import { openLibc } from "../libc/libc.ts";
import { type KnownSignal, signalNumber } from "./signals.ts";

const SYMBOLS = { pthread_sigmask: { parameters: ["i32", "buffer", "usize"], result: "i32" } } as const;

/** SIG_BLOCK and SIG_UNBLOCK. */
const HOW = Deno.build.os === "darwin" ? { block: 1, unblock: 2 } : { block: 0, unblock: 1 };
const SIGSET_BYTES = 128;

/** Signals that this thread blocks. */
let blocked: readonly KnownSignal[] = [];

/** Blocks signals in this thread, so that other threads receive them. Does nothing without FFI. */
export function blockInThisThread(signals: readonly KnownSignal[]): void {
  if (change("block", signals)) blocked = signals;
}

/** Unblocks signals in this thread. */
export function unblockInThisThread(signals: readonly KnownSignal[]): void {
  change("unblock", signals);
  blocked = [];
}

/**
 * Calls a function that starts a process. The process inherits the mask of this thread, so that it blocks exactly the given
 * signals; without FFI it blocks none.
 */
export function startBlocking<Result>(signals: readonly KnownSignal[], start: () => Result): Result {
  const unblocked = blocked.filter((signal) => !signals.includes(signal));
  const added = signals.filter((signal) => !blocked.includes(signal));
  change("unblock", unblocked);
  change("block", added);
  try {
    return start();
  } finally {
    change("unblock", added);
    change("block", unblocked);
  }
}

function change(how: keyof typeof HOW, signals: readonly KnownSignal[]): boolean {
  if (signals.length === 0 || Deno.build.os === "windows") return false;
  const set = new Uint8Array(SIGSET_BYTES);
  for (const signal of signals) {
    const bit = signalNumber(signal) - 1;
    set[bit >> 3] |= 1 << (bit & 7);
  }
  try {
    return openLibc(SYMBOLS).symbols.pthread_sigmask(HOW[how], set, 0n) === 0;
  } catch {
    return false;
  }
}
