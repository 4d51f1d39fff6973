/** Copying a name between two addresses with memccpy(3): no memory is taken in JavaScript. Linux. */

import { openLibc } from "./libc.ts";

const SYMBOLS = {
  memccpy: { parameters: ["usize", "usize", "i32", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Addresses are plain numbers, which the declarations of Deno do not say. */
type Copy = (to: number, from: number, last: number, most: number) => number | bigint;

let opened: Copy | undefined;

/** Copies a name with its NUL. @returns whether it has at most `most` bytes, with its NUL. */
export function copyName(to: number, from: number, most: number): boolean {
  opened ??= openLibc(SYMBOLS).symbols.memccpy as unknown as Copy;
  return Number(opened(to, from, 0, most)) !== 0;
}
