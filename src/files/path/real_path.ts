/** Paths of existing files without symbolic links, as spelled in their directories. */

import { codeOf } from "../stat/file_failure.ts";
import { baseName, directoryOf, joinPath, PATH_STYLE } from "./local_path.ts";

/** Returns the path of an existing file without symbolic links, as spelled in its directories. */
export type RealPath = (path: string) => string;

/**
 * Returns the path of an existing file without symbolic links, as spelled in its directories.
 *
 * @throws errors of `Deno.realPathSync`.
 */
export function realPath(path: string): string {
  return PATH_STYLE === "windows" ? realPathBy(Deno.realPathSync, path) : Deno.realPathSync(path);
}

/**
 * Returns the path that `resolve` returns. If the system cannot resolve a long path, as Wine 8 beyond 260 characters, resolves
 * its directory and finds the last component in the listing.
 *
 * @param path Absolute path.
 * @throws the error of `resolve` if a component that is not resolved by the system is a link, or is not listed.
 */
export function realPathBy(resolve: RealPath, path: string): string {
  try {
    return resolve(path);
  } catch (error) {
    const [above, name] = [directoryOf(path), baseName(path)];
    // An error with a code, such as ENOENT, is about the file.
    const isUnresolved = codeOf(error) === undefined && above !== path && name !== "." && name !== "..";
    if (!isUnresolved || Deno.lstatSync(path).isSymlink) throw error;
    const spelled = spelledName(above, name);
    if (spelled === undefined) throw error;
    return joinPath(realPathBy(resolve, above), spelled);
  }
}

/** Returns a name as listed in a directory, also if it differs in case; undefined if it is not listed. */
function spelledName(directory: string, name: string): string | undefined {
  const names = Array.from(Deno.readDirSync(directory), (entry) => entry.name);
  return names.includes(name) ? name : names.find((each) => each.toLowerCase() === name.toLowerCase());
}
