/** Signal dispositions of this process (sigaction(2)), and exiting without the event loop. */

import { openLibc } from "../libc/libc.ts";

/** The same on Linux (x86-64, AArch64) and macOS. */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15, SIGXFSZ: 25 } as const;

/** A signal whose disposition can be read and changed. */
export type KnownSignal = keyof typeof NUMBERS;

const SYMBOLS = {
  signal: { parameters: ["i32", "usize"], result: "usize" },
  sigaction: { parameters: ["i32", "usize", "buffer"], result: "i32" },
} as const;

const SIG_IGN = 1n;
/** At least the size of struct sigaction on every system; the handler is its first field. */
const ACTION_BYTES = 256;

/** Signals that `ignoreSignals` was called with. */
const ignored = new Set<Deno.Signal>();

/** Returns the signals that are ignored, for example because nohup(1) has started this process. */
export function ignoredOf<Name extends Deno.Signal>(signals: readonly Name[]): Name[] {
  const isIgnored = dispositionCheck();
  return signals.filter((name) => ignored.has(name) || (isKnown(name) && isIgnored(NUMBERS[name])));
}

/** Ignores signals in this process, and in processes that it starts later. Without FFI only in this process. */
export function ignoreSignals(signals: readonly KnownSignal[]): void {
  if (Deno.build.os === "windows") return;
  const added = signals.filter((name) => !ignored.has(name));
  for (const name of added) {
    ignored.add(name);
    // Deno 2.6 and later may install its own handlers for these at any time. A listener prevents their effect.
    if (name !== "SIGXFSZ") Deno.addSignalListener(name, nothing);
  }
  if (added.length > 0 && !ignoreAgain() && added.includes("SIGXFSZ")) Deno.addSignalListener("SIGXFSZ", nothing);
}

/** Ignores the signals of `ignoreSignals` again, because Deno may have installed handlers. @returns false without FFI. */
export function ignoreAgain(): boolean {
  if (ignored.size === 0) return true;
  try {
    const { signal } = openLibc(SYMBOLS).symbols;
    for (const name of ignored) if (isKnown(name)) signal(NUMBERS[name], SIG_IGN);
    return true;
  } catch {
    return false;
  }
}

/** Returns a function that returns whether the signal of a number is ignored. */
function dispositionCheck(): (number: number) => boolean {
  if (Deno.build.os === "linux") {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? ["", "0"];
    const bits = BigInt(`0x${mask}`);
    return (number) => (bits >> BigInt(number - 1) & 1n) === 1n;
  }
  try {
    const { sigaction } = openLibc(SYMBOLS).symbols;
    const action = new BigUint64Array(ACTION_BYTES / 8);
    return (number) => sigaction(number, 0n, action) === 0 && action[0] === SIG_IGN;
  } catch {
    // Windows, or FFI is not permitted.
    return () => false;
  }
}

/** Exits at once, even if the threads of this process are busy. Without FFI the status is that of SIGKILL. */
export function exitAtOnce(status: number): void {
  try {
    openLibc({ _exit: { parameters: ["i32"], result: "void" } }).symbols._exit(status);
  } catch {
    Deno.kill(Deno.pid, "SIGKILL");
  }
}

/** Returns the number of a signal, as in <signal.h>. */
export function signalNumber(name: KnownSignal): number {
  return NUMBERS[name];
}

function isKnown(name: Deno.Signal): name is KnownSignal {
  return Object.hasOwn(NUMBERS, name);
}

function nothing(): void {}
