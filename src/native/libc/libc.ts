/** Opens the C library of this system. Linux (glibc, musl) and macOS. */

import { messageOf } from "../../errors.ts";

/** Names for dlopen(3), tried in order. */
const CANDIDATES: Partial<Record<typeof Deno.build.os, string[]>> = {
  linux: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

/**
 * Opens libc with the given symbols.
 *
 * @throws {Error} if no name of libc is known for this system, FFI is not permitted, or a symbol is missing.
 */
export function openLibc<const Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.DynamicLibrary<Symbols> {
  const failures: string[] = [];
  for (const name of CANDIDATES[Deno.build.os] ?? []) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`);
    }
  }
  throw new Error(`Cannot open the C library: ${failures.join("; ") || `none is known for ${Deno.build.os}`}`);
}
