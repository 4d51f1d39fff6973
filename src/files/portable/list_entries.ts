import type { GlobEntry } from "../glob/expand.ts";
import { listDirectory } from "../native/lister.ts";
import { gapCalls } from "./runtime_gaps.ts";

/** Lists a directory without "." and "..". The caller must read to the end. @throws {Error} If it cannot be listed. */
export function listEntries(path: string): Iterable<GlobEntry> {
  const calls = gapCalls();
  if (calls) return listDirectory(calls, path);
  return Array.from(Deno.readDirSync(path), ({ name, isDirectory, isSymlink }) => ({
    name,
    isDirectory,
    isLink: isSymlink,
  }));
}
