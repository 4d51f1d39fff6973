/** Finds the libcrypto of `--openssl`. */

import { exists } from "@std/fs/exists";

/** The newest version first. */
const NAMES = ["libcrypto.so.4", "libcrypto.so.3", "libcrypto.so.1.1"];

/**
 * Returns the path of the newest libcrypto in a directory, or in its lib or lib64.
 *
 * @throws {Error} if there is none.
 */
export async function findLibcrypto(directory: string): Promise<string> {
  for (const name of NAMES) {
    for (const part of ["", "/lib", "/lib64"]) {
      const path = `${directory}${part}/${name}`;
      // Not a real path, because the loader finds the library by this name.
      if (await exists(path)) return `${await Deno.realPath(`${directory}${part}`)}/${name}`;
    }
  }
  throw new Error(`Cannot find a libcrypto in ${directory}: it has no ${NAMES.join(", ")}, nor do its lib and lib64`);
}
