/**
 * A mark inside a folder that a copy has made and not finished. By it the same command, run again, finds that the folder
 * is its own: by the naming of scp the source would else go into it, as into any folder that is there.
 */

import { codeOf } from "../files/file_failure.ts";
import { joinPath } from "../files/local_path.ts";
import { encodeName } from "../protocol/names.ts";
import { openOwnFile, removeQuietly } from "./own_file.ts";
import { fnv1a } from "./partial_names.ts";

/** Which source folder is being copied. */
export interface MarkedSource {
  name: string;
  identity?: { dev: number; inode: number };
}

/** Leaves the mark. Where that cannot be, a later run takes the folder for any other. */
export function markUnfinished(folder: string, source: MarkedSource): void {
  const { path, text } = markOf(folder, source);
  try {
    const mode = Deno.build.os === "windows" ? undefined : 0o600;
    using file = Deno.openSync(path, { write: true, createNew: true, mode });
    file.writeSync(text);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** Whether an unfinished copy of this source by this user has made the folder. */
export function isUnfinished(folder: string, source: MarkedSource): boolean {
  const { path, text } = markOf(folder, source);
  try {
    using file = openOwnFile(path);
    if (!file) return false;
    const read = new Uint8Array(text.length + 1);
    return file.readSync(read) === text.length && text.every((byte, at) => byte === read[at]);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Takes the mark away. */
export function unmark(folder: string, source: MarkedSource): void {
  if (isUnfinished(folder, source)) removeQuietly(markOf(folder, source).path);
}

function markOf(folder: string, { name, identity }: MarkedSource): { path: string; text: Uint8Array } {
  const text = encodeName(`escp unfinished 1\n${identity?.dev}:${identity?.inode} ${name}\n`);
  return { path: joinPath(folder, `.escp-${fnv1a(text).toString(16).padStart(16, "0")}.unfinished`), text };
}
