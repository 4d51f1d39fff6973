/** What a test needs to know of holes in files. */

/** Bytes that a file takes on its disk. */
export function allocatedBytes(path: string): number {
  return (Deno.statSync(path).blocks ?? 0) * 512;
}

/** Whether files in the system's temporary directory, or in another, can have holes. */
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
