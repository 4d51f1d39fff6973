/** The directory that confines the sessions of a key. */

import { quotePath, UserError } from "../../errors.ts";
import {
  componentsOf,
  directoryOf,
  isAbsolutePath,
  joinPath,
  resolvePath,
  rootOf,
} from "../../files/path/local_path.ts";
import { codeOf, reasonOf } from "../../files/stat/file_failure.ts";
import { isWithin } from "../../files/target/confinement.ts";

/** A file that clients must neither read nor change. */
export interface ProtectedFile {
  /** Name for messages, such as "the file of authorized keys". */
  readonly name: string;
  readonly path: string;
}

/**
 * Returns the directory of a key, without symbolic links.
 *
 * @param serverRoot Directory of the server, without symbolic links.
 * @param root Directory in the options of the key. A relative one is below that of the server. Clients of this
 * or of another key may change it, so no part of it may be a link. Default: the directory of the server.
 * @throws {UserError} if there is no such directory, or it contains a protected file.
 */
export function checkRoot(serverRoot: string, root: string | undefined, files: readonly ProtectedFile[]): string {
  const path = root === undefined ? serverRoot : isAbsolutePath(root) ? root : joinPath(serverRoot, root);
  let real: string;
  try {
    real = Deno.realPathSync(path);
    if (!Deno.statSync(real).isDirectory) throw refuse(path, "it is not a directory");
  } catch (cause) {
    if (codeOf(cause) === undefined) throw cause;
    throw refuse(path, reasonOf(cause), cause);
  }
  if (componentsOf(path).join("/") !== componentsOf(real).join("/")) {
    throw refuse(path, "it contains a symbolic link");
  }
  for (const file of files) checkOutside(real, file.path, file.name);
  return real;
}

/**
 * Refuses a directory with a file of the server: a client could add keys with other rights, change the log, or read a private
 * key. The file may also be outside, if a symbolic link on the path to it is in the directory.
 *
 * @param root Directory without symbolic links.
 * @param file Path of the file, which need not exist.
 * @param name Name of the file for the message: "the log file".
 * @throws {UserError}
 */
export function checkOutside(root: string, file: string, name: string): void {
  const path = resolvePath(Deno.cwd(), file);
  if (![...lookedUp(path), realPathOf(path)].some((each) => isWithin(each, root))) return;
  throw new UserError(`Cannot serve ${quotePath(root)}: it contains ${name} ${quotePath(file)}, or a link to it`, {
    hint: "Move the file to a directory that clients cannot change",
  });
}

/** Returns the path of a file without symbolic links. The file need not exist. */
function realPathOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const above = directoryOf(path);
    return above === path ? path : joinPath(realPathOf(above), path.slice(above.length).replace(/^[/\\]+/, ""));
  }
}

/** As the limit of Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/** Returns all paths that the system looks up to open a file: its directories, the links among them, and their targets. */
function lookedUp(path: string): string[] {
  const found: string[] = [];
  const next = componentsOf(path.slice(rootOf(path).length)).reverse();
  let directory = rootOf(path);
  for (let links = 0; next.length > 0;) {
    const name = next.pop()!;
    if (name === "..") {
      directory = directoryOf(directory);
      continue;
    }
    const each = joinPath(directory, name);
    found.push(each);
    const target = links < MAX_LINKS ? linkTarget(each) : undefined;
    if (target === undefined) {
      directory = each;
      continue;
    }
    links++;
    if (isAbsolutePath(target)) directory = rootOf(target);
    next.push(...componentsOf(target.slice(rootOf(target).length)).reverse());
  }
  return found;
}

/** Returns the target of a symbolic link; undefined for anything else. */
function linkTarget(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function refuse(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Cannot serve ${quotePath(path)}: ${reason}`, { cause });
}
