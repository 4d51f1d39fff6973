/** Calls for extended attributes by path (xattr(7)), opened only if a copy preserves them. Linux. */

import { openLibc } from "../libc/libc.ts";

const SYMBOLS = {
  listxattr: { parameters: ["usize", "usize", "usize"], result: "i32" },
  llistxattr: { parameters: ["usize", "usize", "usize"], result: "i32" },
  getxattr: { parameters: ["usize", "usize", "usize", "usize"], result: "i32" },
  lgetxattr: { parameters: ["usize", "usize", "usize", "usize"], result: "i32" },
  setxattr: { parameters: ["usize", "usize", "usize", "usize", "i32"], result: "i32" },
  lsetxattr: { parameters: ["usize", "usize", "usize", "usize", "i32"], result: "i32" },
  removexattr: { parameters: ["usize", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Parameters are addresses and lengths as numbers, unlike in the declarations of Deno. */
export type XattrCalls = { [Name in keyof typeof SYMBOLS]: (...values: number[]) => number };

let opened: XattrCalls | undefined;

/** Opens the calls, once per thread. @throws {Error} if FFI is not permitted or libc lacks them. */
export function openXattrCalls(): XattrCalls {
  return opened ??= openLibc(SYMBOLS).symbols as unknown as XattrCalls;
}
