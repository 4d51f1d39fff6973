/**
 * Returns whether a listing has an entry with exactly this name. A file system that ignores case finds an entry by other names
 * too.
 */
export function hasEntry(entries: Iterable<{ readonly name: string }>, name: string): boolean {
  let isFound = false;
  // A listing must be read to its end.
  for (const entry of entries) isFound ||= entry.name === name;
  return isFound;
}
