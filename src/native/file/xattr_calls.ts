/** Calls that only copies of extended attributes need (xattr(7)); `FileCalls` has the others. Linux. */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  listxattr: { parameters: ["usize", "usize", "usize"], result: "i32" },
  llistxattr: { parameters: ["usize", "usize", "usize"], result: "i32" },
  lsetxattr: { parameters: ["usize", "usize", "usize", "usize", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Parameters are addresses and lengths as numbers, unlike in the declarations of Deno. */
export type XattrCalls = { [Name in keyof typeof SYMBOLS]: (...values: number[]) => number };

let opened: XattrCalls | undefined;

/** Opens the calls, once per thread. @throws {Error} if FFI is not permitted or libc lacks them. */
export function openXattrCalls(): XattrCalls {
  return opened ??= openLibc(SYMBOLS).symbols as unknown as XattrCalls;
}
