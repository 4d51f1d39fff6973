/**
 * A mark inside a folder that a copy has made and not finished. By it the same command, run again, finds that the folder
 * is its own: by the naming of scp the source would else go into it, as into any folder that is there.
 */

import { codeOf } from "../files/file_failure.ts";
import { joinPath } from "../files/local_path.ts";
import { encodeName } from "../protocol/names.ts";
import { openOwnFile, removeQuietly } from "./own_file.ts";
import { fnv1a } from "./partial_names.ts";

const FIRST_LINE = "escp unfinished 1\n";

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

/** The longest text of a mark: a name, and two numbers. */
const MOST_MARK_BYTES = 1024;

/** Whether a file may be a mark, by its name. */
export function isMarkName(name: string): boolean {
  return /^\.escp-[0-9a-f]{16}\.unfinished$/.test(name);
}

/**
 * Whether a file of such a name is a mark, whatever its source: the name is made from the text. One without any text was
 * left by a crash.
 *
 * @param owner whose it has to be, in the place of this user.
 * @throws what the system says when it cannot be read.
 */
export function isMark(folder: string, name: string, owner?: number | null): boolean {
  using file = openOwnFile(joinPath(folder, name), { owner });
  if (!file) return false;
  const read = new Uint8Array(MOST_MARK_BYTES + 1);
  const text = read.subarray(0, file.readSync(read) ?? 0);
  return text.length === 0 || (text.length <= MOST_MARK_BYTES && markName(text) === name && isMarkText(text));
}

/** Takes the mark away. */
export function unmark(folder: string, source: MarkedSource): void {
  if (isUnfinished(folder, source)) removeQuietly(markOf(folder, source).path);
}

function markOf(folder: string, { name, identity }: MarkedSource): { path: string; text: Uint8Array } {
  const text = encodeName(`${FIRST_LINE}${identity?.dev}:${identity?.inode} ${name}\n`);
  return { path: joinPath(folder, markName(text)), text };
}

function markName(text: Uint8Array): string {
  return `.escp-${fnv1a(text)}.unfinished`;
}

function isMarkText(text: Uint8Array): boolean {
  return new TextDecoder().decode(text.subarray(0, FIRST_LINE.length)) === FIRST_LINE;
}
