/** Open descriptors of a process, and their files (proc(5)). Linux. */

/** Returns the open descriptors of this process. @throws {Error} without /proc. */
export function openDescriptors(): number[] {
  return Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => Number(name));
}

/**
 * Returns the file of a descriptor: its path, or for example "pipe:[12345]" or "socket:[12345]".
 *
 * @param process Its id. Default: this process.
 * @returns undefined if the descriptor is closed or the process may not be inspected.
 */
export function fileOfDescriptor(descriptor: number, process: number | "self" = "self"): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${process}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/**
 * Returns a descriptor of this process for each file as `fileOfDescriptor` names it; undefined for a file that is not open.
 */
export function descriptorsOfFiles(files: readonly string[]): (number | undefined)[] {
  const open = openDescriptors().map((descriptor) => [descriptor, fileOfDescriptor(descriptor)] as const);
  return files.map((wanted) => open.find(([, file]) => file === wanted)?.[0]);
}
