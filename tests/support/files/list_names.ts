/** Returns the names of a directory's entries in alphabetical order. */
export function listNames(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

/** Returns the paths of everything below a directory, relative to it, in alphabetical order. Links are not followed. */
export function listTree(directory: string): string[] {
  const below = (path: string): string[] =>
    Array.from(Deno.readDirSync(`${directory}/${path}`)).flatMap(({ name, isDirectory }) => [
      path + name,
      ...(isDirectory ? below(`${path}${name}/`) : []),
    ]);
  return below("").sort();
}
