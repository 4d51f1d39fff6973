/** Finds home directories with getpwnam(3), which includes the users of a directory service. */

import { openLibc } from "../libc/libc.ts";

/** Offset of pw_dir in struct passwd of 64-bit Linux: after two pointers, two ids and a pointer. */
const HOME_OFFSET = 32;

/** Returns the home directory of a user; undefined if the user does not exist. @throws {Error} if FFI is not permitted. */
export function homeOfUser(user: string): string | undefined {
  const library = openLibc({ getpwnam: { parameters: ["buffer"], result: "pointer" } });
  try {
    const entry = library.symbols.getpwnam(new TextEncoder().encode(user + "\0"));
    if (entry === null) return undefined;
    const home = new Deno.UnsafePointerView(entry).getPointer(HOME_OFFSET);
    return home === null ? undefined : new Deno.UnsafePointerView(home).getCString();
  } finally {
    library.close();
  }
}
