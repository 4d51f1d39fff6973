/** The home directory of a user, as getpwnam(3) knows it: also those of a directory service. */

import { openLibc } from "../libc/libc.ts";

/** Where pw_dir stands in struct passwd of 64-bit Linux: after two pointers, two ids and a pointer. */
const HOME_OFFSET = 32;

/** Returns undefined when there is no such user. */
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
