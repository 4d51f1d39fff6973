/**
 * Where an account keeps what decides what its sessions may do. A directory that sessions are confined to must not contain
 * any of it: who can change it is confined in nothing.
 */

import { quotePath, UserError } from "../errors.ts";
import { isWithin } from "./confinement.ts";
import { codeOf } from "./file_failure.ts";
import { joinPath } from "./local_path.ts";

type Environment = (name: string) => string | undefined;

/** More links than that in one path are a loop. */
const MOST_LINKS = 40;

/**
 * The directories of an account with its keys, and with what escp reads, remembers and runs. A relative $XDG_CONFIG_HOME
 * is ignored, as its specification says.
 */
export function privatePlaces(env: Environment): string[] {
  const home = env("HOME") || undefined;
  const base = (variable: string, name: string) => {
    const chosen = env(variable);
    return chosen?.startsWith("/") ? chosen : home && joinPath(home, name);
  };
  const bases = [
    base("XDG_CONFIG_HOME", ".config"),
    base("XDG_STATE_HOME", ".local/state"),
    base("XDG_CACHE_HOME", ".cache"),
  ].filter((path) => path !== undefined);
  return [...(home ? [joinPath(home, ".ssh")] : []), ...bases.map((path) => joinPath(path, "escp"))];
}

/**
 * Refuses a directory that contains such a place, unless this account can change nothing of it there.
 *
 * @param root without symbolic links.
 * @param user this account; undefined where files have no owner.
 * @throws {UserError}
 */
export function checkPrivatePlaces(root: string, user: number | undefined, env: Environment): void {
  for (const place of privatePlaces(env)) {
    const open = findWritable(place, root, user);
    if (open === undefined) continue;
    throw new UserError(
      `Cannot confine the session to ${quotePath(root)}: it contains ${
        quotePath(place)
      }, and this account can change ` +
        quotePath(open),
      {
        hint:
          'Name a directory under "root" in the configuration of that host that contains neither keys nor settings ' +
          "of the account, or let root own these and the directories above them, writable by nobody else",
      },
    );
  }
}

/**
 * What of a path the account can change below the root: a directory on it, what the path stands for, or something right in
 * that. Undefined when there is nothing.
 */
function findWritable(place: string, root: string, user: number | undefined): string | undefined {
  let left = place.split("/").filter((name) => name !== "");
  let at = "/";
  for (let links = 0; left.length > 0;) {
    // Whoever can write in a directory can put anything in the place of what is in it.
    if (isWithin(at, root) && isWritable(at, user)) return at;
    const [name, ...rest] = left;
    const next = joinPath(at, name);
    const target = name === ".." ? "" : readLink(next);
    if (name === "..") at = at.slice(0, at.lastIndexOf("/")) || "/";
    else if (target === undefined) at = next;
    else {
      if (++links > MOST_LINKS) return undefined;
      if (target.startsWith("/")) at = "/";
    }
    left = [...(target ?? "").split("/"), ...rest].filter((part) => part !== "" && part !== ".");
    if (target === undefined && !exists(at)) return undefined;
  }
  if (!isWithin(at, root)) return undefined;
  return isWritable(at, user)
    ? at
    : namesIn(at).map((name) => joinPath(at, name)).find((path) => isWritable(path, user));
}

/** By owner and mode. A list may let more users write than its group: what the group may, this account may. */
function isWritable(path: string, user: number | undefined): boolean {
  if (user === undefined || user === 0) return true;
  try {
    const { uid, mode } = Deno.lstatSync(path);
    return uid === user || ((mode ?? 0) & 0o022) !== 0;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return codeOf(error) !== "ENOENT";
  }
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return codeOf(error) !== "ENOENT";
  }
}

/** A directory that cannot be listed is none that this account owns. */
function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isSymlink }) => !isSymlink).map(({ name }) => name);
  } catch {
    return [];
  }
}
