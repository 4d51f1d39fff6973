/** The directory that confines the sessions of a key. */

import { quotePath, UserError } from "../../errors.ts";
import { componentsOf, directoryOf, isAbsolutePath, joinPath, resolvePath } from "../../files/path/local_path.ts";
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
 * Refuses a directory with a file of the server: a client could add keys with other rights, or read a private key.
 *
 * @param root Directory without symbolic links.
 * @param file Path of the file, which need not exist.
 * @param name Name of the file for the message: "the file of authorized keys".
 * @throws {UserError}
 */
export function checkOutside(root: string, file: string, name: string): void {
  const path = resolvePath(Deno.cwd(), file);
  if (![path, realPathOf(path)].some((each) => isWithin(each, root))) return;
  throw new UserError(`Cannot serve ${quotePath(root)}: it contains ${name} ${quotePath(file)}`, {
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

function refuse(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Cannot serve ${quotePath(path)}: ${reason}`, { cause });
}
