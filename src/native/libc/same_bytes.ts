/** Comparing buffers with memcmp(3): several times as fast as a loop here. Linux. */

import { openLibc } from "./libc.ts";

const SYMBOLS = {
  memcmp: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: ReturnType<typeof openLibc<typeof SYMBOLS>> | undefined;

/** Whether the first `length` bytes of both are the same. @throws {Error} when FFI is not permitted. */
export function hasSameBytes(one: Uint8Array<ArrayBuffer>, other: Uint8Array<ArrayBuffer>, length: number): boolean {
  if (length > Math.min(one.length, other.length)) throw new RangeError("Cannot compare more bytes than there are");
  const { memcmp } = (opened ??= openLibc(SYMBOLS)).symbols;
  return memcmp(one, other, BigInt(length)) === 0;
}
