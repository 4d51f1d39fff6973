/** Recognizes paths that may name the same entry in a target. */

/**
 * Returns a key that is the same for all paths that some file system takes for the same entry: those that ignore case, the
 * normal form of letters, or dots and spaces at the end of a name. Different entries may have the same key.
 */
export function foldedPath(path: string): string {
  return path.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/[. ]+(?=\/|$)/g, "");
}
