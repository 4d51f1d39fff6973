/** The directory that a host confines its sessions to. No path, "..", "~", link or pattern points outside of it. */

import { FileError, quotePath, UserError } from "../../errors.ts";
import type { PathCalls } from "../engine/engine.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import { baseName, directoryOf, isSeparator, PATH_STYLE, type PathStyle } from "../path/local_path.ts";
import { realPath } from "../path/real_path.ts";
import { expandTilde } from "../path/tilde.ts";

/** A directory of this machine that contains all paths of a session. */
export class Confinement {
  /** Path without symbolic links. */
  readonly root: string;
  /** Directory that relative paths start from. */
  readonly base: string;
  /** Directory that replaces "~"; undefined for the home directory, if it is inside. */
  readonly home: string | undefined;
  readonly #paths: PathCalls;

  /**
   * @param root Path from the configuration.
   * @param base Directory that relative paths start from; replaced by the root if it is outside.
   * @throws {UserError} If there is no such directory.
   */
  constructor(root: string, base: string, paths: PathCalls) {
    this.#paths = paths;
    try {
      this.root = paths.realPath(expandTilde(root));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new UserError(`Cannot confine the session to ${quotePath(root)}: ${error.message}`, {
        hint: 'Correct the key "root" in the configuration of that host',
        cause: error,
      });
    }
    this.base = this.allows(base) ? base : this.root;
    this.home = this.allows(expandTilde("~")) ? undefined : this.root;
  }

  /** Returns whether a path is inside. The file need not exist. */
  allows(path: string): boolean {
    try {
      this.check("find", path);
      return true;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  /**
   * Refuses a path that points outside of the directory.
   *
   * @param shown Path as the user typed it.
   * @throws {FileError} With this operation.
   */
  check(operation: string, path: string, shown = path): void {
    for (let existing = path;;) {
      try {
        if (isWithin(this.#paths.realPath(existing), this.root)) return;
      } catch (error) {
        if (!(error instanceof FileError) || (error.code !== "ENOENT" && error.code !== "ENOTDIR")) throw error;
        const above = directoryOf(existing);
        // ".." below a missing directory is unknown: the directory may be created later, also as a link.
        if (baseName(existing) === ".." || above === existing) throw failedWith(operation, shown, error.code);
        existing = above;
        continue;
      }
      throw pointsOutside(operation, shown, this.root);
    }
  }
}

/** Returns whether a path is a directory or below it. Both must be without symbolic links. */
export function isWithin(path: string, directory: string, style: PathStyle = PATH_STYLE): boolean {
  if (!path.startsWith(directory)) return false;
  return path.length === directory.length ||
    [directory.at(-1)!, path[directory.length]].some((char) => isSeparator(char, style));
}

/** Checks a path directly before it is opened, because `Deno.*` cannot check an open file. @throws {FileError} */
export function checkRealPath(operation: string, path: string, within: string | undefined): void {
  if (within === undefined) return;
  let real: string;
  try {
    real = realPath(path);
  } catch (error) {
    throw failedDeno(operation, path, error);
  }
  if (!isWithin(real, within)) throw pointsOutside(operation, path, within);
}

/** Returns the failure of a path that points outside of the directory. */
export function pointsOutside(operation: string, path: string, directory: string): FileError {
  return new FileError(operation, path, `that host allows only paths in ${quotePath(directory)}`, { code: "EXDEV" });
}
