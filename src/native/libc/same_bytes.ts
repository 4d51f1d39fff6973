/** Compares buffers with memcmp(3), which is several times as fast as a loop in JavaScript. Linux. */

import { openLibc } from "./libc.ts";

const SYMBOLS = {
  memcmp: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: ReturnType<typeof openLibc<typeof SYMBOLS>> | undefined;

/** Returns whether the first `length` bytes of both buffers are equal. @throws {Error} if FFI is not permitted. */
export function hasSameBytes(one: Uint8Array<ArrayBuffer>, other: Uint8Array<ArrayBuffer>, length: number): boolean {
  if (length > Math.min(one.length, other.length)) throw new RangeError("Cannot compare beyond the end of a buffer");
  const { memcmp } = (opened ??= openLibc(SYMBOLS)).symbols;
  return memcmp(one, other, BigInt(length)) === 0;
}
