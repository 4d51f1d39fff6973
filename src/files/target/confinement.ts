/** The directory that a host confines its sessions to: no path, "..", "~", link or pattern leads out of it. */

import { FileError, quotePath, UserError } from "../../errors.ts";
import type { PathCalls } from "../engine/engine.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import { baseName, directoryOf, isSeparator, PATH_STYLE, type PathStyle } from "../path/local_path.ts";
import { expandTilde } from "../path/tilde.ts";

/** Such a directory on this machine. */
export class Confinement {
  /** Without symbolic links. */
  readonly root: string;
  /** Where relative paths begin. */
  readonly base: string;
  /** What "~" stands for; undefined: the home directory, as it lies inside. */
  readonly home: string | undefined;
  readonly #paths: PathCalls;

  /**
   * @param root as the configuration has it.
   * @param base where relative paths would begin without it; the root itself takes its place when that is outside.
   * @throws {UserError} when there is no such directory.
   */
  constructor(root: string, base: string, paths: PathCalls) {
    this.#paths = paths;
    try {
      this.root = paths.realPath(expandTilde(root));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new UserError(`Cannot confine the session to ${quotePath(root)}: ${error.message}`, {
        hint: 'The key "root" in the configuration of that host says so',
        cause: error,
      });
    }
    this.base = this.allows(base) ? base : this.root;
    this.home = this.allows(expandTilde("~")) ? undefined : this.root;
  }

  /** Whether a path, which may be of something that is not there yet, lies inside. */
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
   * Refuses a path that leads out.
   *
   * @param shown the path as the user typed it.
   * @throws {FileError} with this act.
   */
  check(act: string, path: string, shown = path): void {
    for (let existing = path;;) {
      try {
        if (isWithin(this.#paths.realPath(existing), this.root)) return;
      } catch (error) {
        if (!(error instanceof FileError) || (error.code !== "ENOENT" && error.code !== "ENOTDIR")) throw error;
        const above = directoryOf(existing);
        // What is above something that is not there is not known: it may come into being.
        if (baseName(existing) === ".." || above === existing) throw failedWith(act, shown, error.code);
        existing = above;
        continue;
      }
      throw leadsOut(act, shown, this.root);
    }
  }
}

/** Whether a path is that directory or below it. Both without symbolic links. */
export function isWithin(path: string, directory: string, style: PathStyle = PATH_STYLE): boolean {
  if (!path.startsWith(directory)) return false;
  return path.length === directory.length ||
    [directory.at(-1)!, path[directory.length]].some((char) => isSeparator(char, style));
}

/** Looks right before it is opened: all that can be done without descriptors. @throws {FileError} */
export function checkRealPath(act: string, path: string, within: string | undefined): void {
  if (within === undefined) return;
  let real: string;
  try {
    real = Deno.realPathSync(path);
  } catch (error) {
    throw failedDeno(act, path, error);
  }
  if (!isWithin(real, within)) throw leadsOut(act, path, within);
}

export function leadsOut(act: string, path: string, directory: string): FileError {
  return new FileError(act, path, `that host allows only what is in ${quotePath(directory)}`, { code: "EXDEV" });
}
