/** What is kept open for nothing but its inode: no other file or directory gets that before it is closed. */

import { openFilesLimit } from "../native/open_files_limit.ts";
import type { FileEngine, TargetRoot } from "./engine.ts";
import { rootDirectory } from "./target_name.ts";

/** With fewer descriptors none is spent on this: then device and inode are all that tells files apart. */
const LEAST_DESCRIPTORS = 256;
/** Directories that are held: nearly all copies have one. */
const MOST_HELD = 32;

let limit: number | undefined;

/** Whether this process has descriptors to spare. */
export function mayHold(): boolean {
  limit ??= openFilesLimit();
  return limit >= LEAST_DESCRIPTORS;
}

/** Holds the directories of the roots, so that those which are identified are the same until the end of a copy. */
export class HeldFolders {
  readonly #held: { close(): void }[] = [];

  /** @throws {FileError} when one is no longer the directory that was planned. */
  constructor({ paths }: FileEngine, roots: readonly TargetRoot[]) {
    if (!mayHold()) return;
    const seen = new Set<string>();
    try {
      for (const root of roots) {
        const directory = rootDirectory(root);
        if (seen.size === MOST_HELD) return;
        if (!directory.identity || seen.has(directory.path)) continue;
        seen.add(directory.path);
        const held = paths.holdFolder(directory.path, directory.identity);
        if (held) this.#held.push(held);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const held of this.#held.splice(0)) held.close();
  }
}
