/** Returns the names of a directory's entries in alphabetical order. */
export function listNames(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}
