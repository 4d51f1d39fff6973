/** Holes in files. */

/** Returns the number of bytes that a file occupies on disk. */
export function allocatedBytes(path: string): number {
  return (Deno.statSync(path).blocks ?? 0) * 512;
}

/** Returns whether files in a directory can have holes. Default: the temporary directory of the system. */
export function canHaveHoles(directory?: string): boolean {
  if (Deno.build.os === "windows") return false;
  const path = Deno.makeTempFileSync({ dir: directory });
  try {
    Deno.truncateSync(path, 1 << 20);
    return allocatedBytes(path) === 0;
  } finally {
    Deno.removeSync(path);
  }
}
