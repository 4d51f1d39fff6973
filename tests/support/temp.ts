/** Temporary folders that go away with the scope that made them, whatever a test left in them. */

/** A folder for one test. */
export interface TempFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
}

/** Makes an empty folder in the system's temporary folder, or in `parent`. Disposing removes all that is in it. */
export async function createTempFolder(parent?: string): Promise<TempFolder> {
  const made = await Deno.makeTempDir({ prefix: "escp-test-", dir: parent });
  const path = await Deno.realPath(made);
  return { path, [Symbol.asyncDispose]: () => removeTree(path) };
}

/** Removes a file or a whole tree, also one with folders that nobody may enter. Nothing there is not an error. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    await openFolders(path);
    await Deno.remove(path, { recursive: true });
  }
}

/** Only for whoever is not root: to root no mode is closed. */
async function openFolders(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) await openFolders(`${folder}/${entry.name}`);
  }
}
