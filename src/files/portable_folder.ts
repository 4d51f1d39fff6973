/** Making folders with `Deno.*`. */

import { checkRealPath } from "./confinement.ts";
import { type FileIdentity, identityOf, isSameFile, swapped } from "./file_identity.ts";
import { folderOf } from "./local_path.ts";
import { ownUser } from "./directory_access.ts";
import { isSharedByOthers } from "./portable_access.ts";
import { NEW_FOLDER_MODE } from "./target_mode.ts";

/**
 * Makes a folder that is unfinished until it gets its own mode.
 *
 * @param options.exposed others can put something else under its name: then it does without the bit that says so.
 * @throws what `Deno.mkdirSync` throws.
 */
export function makeUnfinishedFolder(path: string, { exposed }: { exposed: boolean }): void {
  Deno.mkdirSync(path, { mode: NEW_FOLDER_MODE & 0o777 });
  // Setting a mode follows links.
  if (Deno.build.os === "windows" || exposed) return;
  try {
    // `Deno.mkdirSync` knows permissions only; what the folder has inherited stays.
    const { mode } = Deno.lstatSync(path);
    Deno.chmodSync(path, ((mode ?? 0) & 0o7000) | NEW_FOLDER_MODE);
  } catch {
    // Where there is no such bit, an interrupted copy does without.
  }
}

/**
 * Makes a root folder: looks right before and right after, as all calls take paths.
 *
 * @returns which folder it is.
 * @throws {FileError}, and what `Deno.*` throws.
 */
export function makeRootFolder(
  path: string,
  { parent, within }: { parent?: FileIdentity; within?: string },
): FileIdentity {
  const above = folderOf(path);
  const look = () => {
    checkRealPath("create", above, within);
    const info = Deno.statSync(above);
    if (parent && !isSameFile(identityOf(info), parent)) throw swapped("create", above);
    return info;
  };
  const before = look();
  makeUnfinishedFolder(path, { exposed: isSharedByOthers(before) });
  const made = Deno.lstatSync(path);
  look();
  const isOwn = ownUser() === undefined || made.uid === ownUser() || made.uid === before.uid;
  if (!made.isDirectory || !isOwn) throw swapped("create", path);
  return identityOf(made);
}
