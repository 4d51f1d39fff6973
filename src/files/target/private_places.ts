/**
 * Places with keys, configuration, state and executables of an account. A directory that sessions are confined to must not
 * contain them: a client that can change them is not confined at all.
 */

import { quotePath, UserError } from "../../errors.ts";
import { isWithin } from "./confinement.ts";
import { codeOf } from "../stat/file_failure.ts";
import { MAX_LINKS } from "../path/link_target.ts";
import { joinPath } from "../path/local_path.ts";

type Environment = (name: string) => string | undefined;

const HINT =
  'Name a directory under "root" in the configuration of that host that contains neither keys, settings nor ' +
  "executables of the account, or make root the owner of these and of the directories above them, and deny others " +
  "write access";

/**
 * Returns the private directories of an account, and the files of its next sessions: the executable and the library of
 * ESCP_LIBCRYPTO. Relative values of $XDG_CONFIG_HOME and the like are ignored, as the XDG specification requires.
 */
function privatePlaces(env: Environment, executable: string): string[] {
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
  const library = env("ESCP_LIBCRYPTO");
  return [
    ...(home ? [joinPath(home, ".ssh")] : []),
    ...bases.map((path) => joinPath(path, "escp")),
    executable,
    ...(library?.startsWith("/") ? [library] : []),
  ];
}

/**
 * Refuses a directory that contains a private place, unless the account cannot change that place.
 *
 * @param root path without symbolic links.
 * @param user user of the account; undefined if files have no owner on this system.
 * @param executable path of the program that runs the sessions.
 * @throws {UserError}
 */
export function checkPrivatePlaces(
  root: string,
  user: number | undefined,
  env: Environment,
  executable = Deno.execPath(),
): void {
  if (Deno.build.os === "windows") return checkWindowsPlaces(root, env, executable);
  for (const place of privatePlaces(env, executable)) {
    const open = findWritable(place, root, user);
    if (open === undefined) continue;
    const reason = `it contains ${quotePath(place)}, and this account can change ${quotePath(open)}`;
    throw new UserError(`Cannot confine the session to ${quotePath(root)}: ${reason}`, { hint: HINT });
  }
}

/**
 * Refuses a directory of Windows that contains a private place, or is in one. Owners are not considered.
 *
 * @param root path without symbolic links.
 * @param executable as for `checkPrivatePlaces`.
 * @throws {UserError}
 */
export function checkWindowsPlaces(root: string, env: Environment, executable: string): void {
  const within = (variable: string, name: string) => {
    const base = env(variable);
    return base ? [`${base}\\${name}`] : [];
  };
  const directories = [
    ...within("APPDATA", "escp"),
    ...within("LOCALAPPDATA", "escp"),
    ...within("USERPROFILE", ".ssh"),
  ];
  const places = [...directories, executable, env("ESCP_LIBCRYPTO") ?? ""].filter((place) => place !== "");
  const normal = (path: string) =>
    `${path.replace(/^\\\\\?\\/, "").replace(/[\\/]+/g, "\\").replace(/\\$/, "").toLowerCase()}\\`;
  for (const place of places) {
    if (!normal(place).startsWith(normal(root)) && !normal(root).startsWith(normal(place))) continue;
    throw new UserError(`Cannot confine the session to ${quotePath(root)}: ${quotePath(place)} is private`, {
      hint: HINT,
    });
  }
}

/**
 * Returns a directory or file below the root that the account can change: a directory on the path, the path itself, or an
 * entry of it. Undefined if there is none.
 */
function findWritable(place: string, root: string, user: number | undefined): string | undefined {
  let left = place.split("/").filter((name) => name !== "");
  let at = "/";
  for (let links = 0; left.length > 0;) {
    // Write access to a directory is enough to replace its entries.
    if (isWithin(at, root) && isWritable(at, user)) return at;
    const [name, ...rest] = left;
    const next = joinPath(at, name);
    const target = name === ".." ? "" : readLink(next);
    if (name === "..") at = at.slice(0, at.lastIndexOf("/")) || "/";
    else if (target === undefined) at = next;
    else {
      if (++links > MAX_LINKS) return undefined;
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

/** Returns whether the account can change a file. The group bits may be the mask of an access control list. */
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

/** Returns the entries of a directory. One that cannot be listed does not belong to the account. */
function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isSymlink }) => !isSymlink).map(({ name }) => name);
  } catch {
    return [];
  }
}
