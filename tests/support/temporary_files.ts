/** Files that escp has not finished and not removed, anywhere below the directory. */
export function temporaryFiles(directory: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) found.push(...temporaryFiles(path));
    else if (name.startsWith(".escp-")) found.push(path);
  }
  return found;
}

/** The partial file below the directory, if there is one. */
export function partialFile(directory: string): string | undefined {
  return temporaryFiles(directory).find((path) => path.endsWith(".part"));
}
