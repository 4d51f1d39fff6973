/** Files that escp has not finished and not removed, anywhere below the folder. */
export function temporaryFiles(folder: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...temporaryFiles(path));
    else if (name.startsWith(".escp-")) found.push(path);
  }
  return found;
}

/** The partial file below the folder, if there is one. */
export function partialFile(folder: string): string | undefined {
  return temporaryFiles(folder).find((path) => path.endsWith(".part"));
}
