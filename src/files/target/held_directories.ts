/** Keeps directories open to reserve their inodes: no other file or directory gets an inode before it is closed. */

import { openFilesLimit } from "../../native/file/open_files_limit.ts";
import type { FileEngine } from "../engine/engine.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { rootDirectory } from "./name.ts";

/** Minimum limit of open files. With a lower limit no directory is held, and an inode may be reused. */
const MIN_OPEN_FILES = 256;
/** Maximum number of directories that are held. */
const MAX_HELD = 32;

/** Returns whether this process has enough descriptors to hold files and directories. */
export function mayHold(): boolean {
  return openFilesLimit() >= MIN_OPEN_FILES;
}

/** Holds the directories of the roots, so that their identities stay valid until the end of a copy. */
export class HeldDirectories {
  readonly #held: { close(): void }[] = [];

  /** @throws {FileError} if a path no longer refers to the planned directory. */
  constructor({ paths }: FileEngine, roots: readonly TargetRoot[]) {
    if (!mayHold()) return;
    const seen = new Set<string>();
    try {
      for (const root of roots) {
        const directory = rootDirectory(root);
        if (seen.size === MAX_HELD) return;
        if (!directory.identity || seen.has(directory.path)) continue;
        seen.add(directory.path);
        const held = paths.holdDirectory(directory.path, directory.identity);
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
