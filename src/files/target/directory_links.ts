/**
 * Symbolic links to directories in a target, which `--keep-dirlinks` uses as those directories. A link is followed only if
 * nobody else could have created it: neither another user nor, through this copy, the sender.
 */

import { FileError } from "../../errors.ts";
import { Errno, SystemCallError } from "../../native/libc/errno.ts";
import type { PathCalls } from "../engine/engine.ts";
import { baseName, directoryOf, joinPath } from "../path/local_path.ts";
import { MAX_LINKS } from "../path/link_target.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import { isCreatedLink } from "./created_links.ts";
import { ownUser } from "./directory_access.ts";

/** A symbolic link, read from the open link itself or from a path. */
export interface DirectoryLink extends FileIdentity {
  uid: number;
  target: string;
}

/** Operations on directories. None follows a link. All throw the error of the system if they fail. */
export interface LinkCalls<Directory> {
  /** Returns the root directory of the system. */
  top(): Directory;
  /** Returns a directory of this name, which may be ".."; undefined if there is none. */
  enter(directory: Directory, name: string): Directory | undefined;
  /** Returns the link of this name; undefined if there is none. */
  readLink(directory: Directory, name: string): DirectoryLink | undefined;
  statOf(directory: Directory): FileIdentity & { uid: number };
  /** Releases a directory that `enter` or `top` has returned. Never fails. */
  leave(directory: Directory): void;
}

/** Reason for not following a link. */
export type LinkProblem = "no-directory" | "other-user" | "created" | "source";

/** Links that are not followed. */
export interface LinkPolicy {
  /** Memory of the links that this process has created. */
  created: SharedArrayBuffer;
  /** Directory on this machine that is being copied: a copy into itself would never end. */
  source?: FileIdentity;
}

/**
 * Follows a link in a directory to a directory, through further links. Each of them must meet the conditions.
 *
 * @returns A directory to `leave`, or the reason for not following.
 * @throws {unknown} The error of the system if a directory or link cannot be opened.
 */
export function followLink<Directory>(
  start: Directory,
  name: string,
  calls: LinkCalls<Directory>,
  policy: LinkPolicy & { user: number | undefined },
): { directory: Directory } | LinkProblem {
  const position = new Position(start, calls);
  try {
    const problem = followTo(position, name, policy);
    if (problem) return problem;
    if (policy.source && isBelow(position.current, policy.source, calls)) return "source";
    return { directory: position.take() };
  } finally {
    position.leave();
  }
}

/** Moves to the directory that a link points to. Returns the reason if the link is not followed. */
function followTo<Directory>(
  position: Position<Directory>,
  name: string,
  policy: LinkPolicy & { user: number | undefined },
): LinkProblem | undefined {
  const { calls } = position;
  const pending = [name];
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === "" || part === ".") continue;
    const next = calls.enter(position.current, part);
    if (next !== undefined) {
      position.moveTo(next);
      continue;
    }
    const link = calls.readLink(position.current, part);
    if (!link || ++links > MAX_LINKS) return "no-directory";
    const problem = problemOf(link, calls.statOf(position.current).uid, policy);
    if (problem) return problem;
    if (link.target.startsWith("/")) position.moveTo(calls.top());
    pending.push(...link.target.split("/").reverse());
  }
  return undefined;
}

/** Returns whether a directory is another one or below it. */
function isBelow<Directory>(directory: Directory, top: FileIdentity, calls: LinkCalls<Directory>): boolean {
  const isSame = (one: FileIdentity, other: FileIdentity) => one.inode === other.inode && one.dev === other.dev;
  const position = new Position(directory, calls);
  try {
    for (;;) {
      const stat = calls.statOf(position.current);
      if (isSame(stat, top)) return true;
      position.moveTo(enterExisting(position.current, "..", calls));
      if (isSame(calls.statOf(position.current), stat)) return false;
    }
  } finally {
    position.leave();
  }
}

/** Current directory of a walk, which releases every directory except the start. */
class Position<Directory> {
  readonly calls: LinkCalls<Directory>;
  readonly #start: Directory;
  current: Directory;

  constructor(start: Directory, calls: LinkCalls<Directory>) {
    this.calls = calls;
    this.#start = this.current = start;
  }

  moveTo(next: Directory): void {
    this.leave();
    this.current = next;
  }

  /** Returns the current directory, which the caller releases. The start is entered again, because it has another owner. */
  take(): Directory {
    const taken = this.current === this.#start ? enterExisting(this.#start, ".", this.calls) : this.current;
    this.current = this.#start;
    return taken;
  }

  /** Returns to the start. */
  leave(): void {
    if (this.current !== this.#start) this.calls.leave(this.current);
    this.current = this.#start;
  }
}

/** Enters "." or "..", which every directory has until it is removed. */
function enterExisting<Directory>(directory: Directory, name: "." | "..", calls: LinkCalls<Directory>): Directory {
  const entered = calls.enter(directory, name);
  if (entered === undefined) throw new SystemCallError(Errno.ENOENT);
  return entered;
}

/** As the kernel does in sticky directories (proc(5), protected_symlinks), but in every directory. */
function problemOf(
  link: DirectoryLink,
  owner: number,
  { user, created }: LinkPolicy & { user: number | undefined },
): LinkProblem | undefined {
  if (isCreatedLink(created, link)) return "created";
  if (user === undefined || link.uid === user || link.uid === 0 || link.uid === owner) return undefined;
  return "other-user";
}

const PROBLEMS: Record<LinkProblem, { reason: string; hint?: string }> = {
  "no-directory": { reason: "it is a symbolic link that does not point to a directory", hint: "Remove the link" },
  "other-user": { reason: "a symbolic link on its path belongs to another user" },
  created: { reason: "it is a symbolic link that this copy has created" },
  source: { reason: "it is a symbolic link to the source, which would be copied into itself" },
};

/** Returns the failure of a path that is a link which is not followed. */
export function unfollowed(operation: string, path: string, problem: LinkProblem): FileError {
  const { reason, hint = "Remove the link, or name the directory that it points to as the target" } = PROBLEMS[problem];
  return new FileError(operation, path, reason, { code: "ELOOP", hint });
}

/** Operations by path, for directories that are named by their real paths. */
export type RealPaths = Pick<PathCalls, "stat" | "readLink" | "realPath">;

/**
 * Follows a link by paths. The directory may be replaced afterwards, so the caller checks its identity when it is used.
 *
 * @param path Path of the link.
 * @returns Real path of the directory.
 * @throws {FileError} If the link is not followed.
 */
export function followLinkPath(path: string, operation: string, paths: RealPaths, policy: LinkPolicy): string {
  const user = ownUser();
  try {
    const found = user === undefined
      ? followAny(path, paths)
      : followLink(paths.realPath(directoryOf(path)), baseName(path), new PathLinks(paths), { ...policy, user });
    if (typeof found === "string") throw unfollowed(operation, path, found);
    return found.directory;
  } catch (error) {
    throw failedDeno(operation, path, error);
  }
}

/** Follows a link on a system where files have no owner. */
function followAny(path: string, paths: RealPaths): { directory: string } | LinkProblem {
  const isDirectory = paths.stat(path, { follow: true })?.kind === FileKind.directory;
  return isDirectory ? { directory: paths.realPath(path) } : "no-directory";
}

class PathLinks implements LinkCalls<string> {
  readonly #paths: RealPaths;

  constructor(paths: RealPaths) {
    this.#paths = paths;
  }

  top(): string {
    return "/";
  }

  enter(directory: string, name: string): string | undefined {
    if (name === ".") return directory;
    const path = name === ".." ? directoryOf(directory) : joinPath(directory, name);
    return this.#paths.stat(path, { follow: false })?.kind === FileKind.directory ? path : undefined;
  }

  readLink(directory: string, name: string): DirectoryLink | undefined {
    const path = joinPath(directory, name);
    const stat = this.#paths.stat(path, { follow: false });
    if (stat?.kind !== FileKind.symlink) return undefined;
    return { dev: stat.dev, inode: stat.inode, uid: stat.uid, target: this.#paths.readLink(path) };
  }

  statOf(directory: string): FileIdentity & { uid: number } {
    const stat = this.#paths.stat(directory, { follow: false });
    if (!stat) throw failedWith("examine", directory, "ENOENT");
    return stat;
  }

  leave(): void {}
}
