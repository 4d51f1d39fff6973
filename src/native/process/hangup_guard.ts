/**
 * Kills this process some time after a pipe was closed by its peer, even if all threads are busy. Linux with glibc.
 *
 * A thread of the runtime calls poll(2), then sleep(3), then kill(2). The calls are linked contexts (makecontext(3)), because
 * a thread without an isolate cannot run JavaScript, and a Worker would take 15 ms and 13 MiB.
 */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  calloc: { parameters: ["usize", "usize"], result: "usize" },
  dlsym: { parameters: ["usize", "buffer"], result: "usize" },
  pthread_sigmask: { parameters: ["i32", "usize", "usize"], result: "i32" },
  getcontext: { parameters: ["usize"], result: "i32" },
  makecontext: { parameters: ["usize", "usize", "i32", "usize", "usize", "usize"], result: "void" },
  setcontext: { parameters: ["usize"], result: "i32", nonblocking: true },
} as const;

/** At least the size of ucontext_t on every processor. */
const CONTEXT_BYTES = 8 << 10;
const STACK_BYTES = 64 << 10;
/** Offsets of fields of ucontext_t, the same on x86-64 and AArch64. */
const CONTEXT = { link: 8, stackAddress: 16, stackSize: 32 } as const;
const SIGSET_BYTES = 128;
const SIG_SETMASK = 2;
const SIGKILL = 9;

/** A call of libc with up to three arguments. */
type Call = [name: string, ...args: (number | bigint)[]];

/**
 * Starts the guard for a pipe, socket or terminal.
 *
 * @param seconds Time to exit normally after the peer has closed the pipe.
 * @throws {Error} On other systems, or if FFI is not permitted.
 */
export function guardHangup(descriptor: number, seconds: number): void {
  if (Deno.build.os !== "linux") throw new Error(`Cannot guard a pipe: not supported on ${Deno.build.os}`);
  const libc = openLibc(SYMBOLS).symbols;
  const memory = (bytes: number) => BigInt(libc.calloc(1n, BigInt(bytes)));
  const view = (address: bigint, bytes: number) =>
    new DataView(Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, bytes));
  const [set, before] = [memory(SIGSET_BYTES), memory(SIGSET_BYTES)];
  new Uint8Array(view(set, SIGSET_BYTES).buffer).fill(0xff);
  // struct pollfd without events: poll(2) returns only for POLLHUP and POLLERR.
  const pollfd = memory(8);
  view(pollfd, 8).setInt32(0, descriptor, true);
  const calls: Call[] = [["poll", pollfd, 1, -1], ["sleep", seconds], ["kill", Deno.pid, SIGKILL]];
  let next = 0n;
  for (const [name, ...args] of calls.toReversed()) {
    const symbol = BigInt(libc.dlsym(0n, new TextEncoder().encode(`${name}\0`)));
    if (symbol === 0n) throw new Error(`Cannot guard a pipe: the C library lacks ${name}`);
    const [context, stack] = [memory(CONTEXT_BYTES), memory(STACK_BYTES)];
    // The context blocks all signals, because a handler would interrupt poll(2).
    libc.pthread_sigmask(SIG_SETMASK, set, before);
    libc.getcontext(context);
    libc.pthread_sigmask(SIG_SETMASK, before, 0n);
    const fields = view(context, CONTEXT_BYTES);
    fields.setBigUint64(CONTEXT.link, next, true);
    fields.setBigUint64(CONTEXT.stackAddress, stack, true);
    fields.setBigUint64(CONTEXT.stackSize, BigInt(STACK_BYTES), true);
    const [one, two = 0n, three = 0n] = args.map((argument) => BigInt.asUintN(64, BigInt(argument)));
    libc.makecontext(context, symbol, 3, one, two, three);
    next = context;
  }
  // Never returns: the last call kills the process.
  void libc.setcontext(next);
}
