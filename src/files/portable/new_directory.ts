/** Creates directories with `Deno.*`. */

import type { DirectoryToMake } from "../engine/engine.ts";
import { checkRealPath } from "../target/confinement.ts";
import { type FileIdentity, identityOf, isSameFile, swapped } from "../stat/file_identity.ts";
import { directoryOf } from "../path/local_path.ts";
import { ownUser } from "../target/directory_access.ts";
import { isSharedByOthers } from "./access.ts";
import { NEW_DIRECTORY_MODE } from "../stat/target_mode.ts";

/**
 * Creates a directory that is unfinished until it gets its own mode.
 *
 * @param options.exposed whether others can replace it: then it does not get the sticky bit that marks it as unfinished.
 * @throws errors of `Deno.mkdirSync`.
 */
export function makeUnfinishedDirectory(path: string, { exposed }: { exposed: boolean }): void {
  Deno.mkdirSync(path, { mode: NEW_DIRECTORY_MODE & 0o777 });
  // `Deno.chmodSync` follows links.
  if (Deno.build.os === "windows" || exposed) return;
  try {
    // `Deno.mkdirSync` sets permissions only. Inherited bits must stay.
    const { mode } = Deno.lstatSync(path);
    Deno.chmodSync(path, ((mode ?? 0) & 0o7000) | NEW_DIRECTORY_MODE);
  } catch {
    // The system refuses the sticky bit: an interrupted copy is recognized without it.
  }
}

/**
 * Creates a root directory, and checks the path right before and right after.
 *
 * @returns identity of the new directory.
 * @throws {FileError} and errors of `Deno.*`.
 */
export function makeRootDirectory(
  path: string,
  { parent, within, finished }: DirectoryToMake,
): FileIdentity {
  const above = directoryOf(path);
  const examine = () => {
    checkRealPath("create", above, within);
    const info = Deno.statSync(above);
    if (parent && !isSameFile(identityOf(info), parent)) throw swapped("create", above);
    return info;
  };
  const before = examine();
  if (finished) Deno.mkdirSync(path);
  else makeUnfinishedDirectory(path, { exposed: isSharedByOthers(before) });
  const made = Deno.lstatSync(path);
  examine();
  const isOwn = ownUser() === undefined || made.uid === ownUser() || made.uid === before.uid;
  if (!made.isDirectory || !isOwn) throw swapped("create", path);
  return identityOf(made);
}
