/** Temporary directories that are removed at the end of a scope, with any contents. */

/** A directory for one test. */
export interface TempDirectory extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
}

/** Makes an empty directory in the system's temporary directory or in `parent`. Disposing removes it with its contents. */
export async function createTempDirectory(parent?: string): Promise<TempDirectory> {
  const made = await Deno.makeTempDir({ prefix: "escp-test-", dir: parent });
  const path = await Deno.realPath(made);
  return { path, [Symbol.asyncDispose]: () => removeTree(path) };
}

/** Removes a file or a tree, including directories without permissions. A missing path is not an error. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    await openDirectories(path);
    await Deno.remove(path, { recursive: true });
  }
}

/** Permits the user to enter all directories. Root needs no permission. */
async function openDirectories(directory: string): Promise<void> {
  await Deno.chmod(directory, 0o700);
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory) await openDirectories(`${directory}/${entry.name}`);
  }
}
