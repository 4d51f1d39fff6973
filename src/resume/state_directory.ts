/**
 * The state directory, in which the receiver keeps records for later runs, protected from users who can write to a target
 * directory. It is $XDG_STATE_HOME/escp, by default ~/.local/state/escp, on Windows %LOCALAPPDATA%\escp. It contains one
 * directory per machine, because machines may share a home directory.
 */

import { quotePath } from "../errors.ts";
import { codeOf, reasonOf } from "../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../files/path/local_path.ts";

type Environment = (name: string) => string | undefined;

/** The state directory cannot be used. The message contains its path and the reason. */
export class StateError extends Error {
  override name = "StateError";
  /** Name of the system error, such as "ENOENT", if there is one. */
  readonly code: string | undefined;

  constructor(directory: string, reason: string, options: { code?: string; cause?: unknown } = {}) {
    super(`cannot use the state directory ${quotePath(directory)}: ${reason}`, { cause: options.cause });
    this.code = options.code;
  }
}

/** The state directory of this user. The constructor neither creates nor reads it. */
export class StateDirectory {
  readonly #env: Environment;
  readonly #windows: boolean;

  constructor(env: Environment = (name) => Deno.env.get(name), windows: boolean = Deno.build.os === "windows") {
    this.#env = env;
    this.#windows = windows;
  }

  /** Returns the directory with this machine's records; undefined if it does not exist or is not safe. */
  async find(): Promise<string | undefined> {
    try {
      const { path } = this.#locate();
      checkDirectory(path);
      const own = joinPath(path, await machineName());
      checkDirectory(own);
      return own;
    } catch (error) {
      if (error instanceof StateError) return undefined;
      throw error;
    }
  }

  /** Returns the directory with this machine's records. Creates it if necessary. @throws {StateError} */
  async make(): Promise<string> {
    const { path, parents } = this.#locate();
    const own = joinPath(path, await machineName());
    try {
      parents.forEach(makeDirectory);
      for (const directory of [path, own]) {
        makeDirectory(directory);
        checkDirectory(directory);
      }
    } catch (error) {
      throw stateErrorOf(path, error);
    }
    checkWritable(path, own);
    return own;
  }

  /** Returns the safe directories with records of all machines that share the home directory. */
  all(): string[] {
    try {
      const { path } = this.#locate();
      checkDirectory(path);
      const found: string[] = [];
      for (const { name, isDirectory } of Deno.readDirSync(path)) {
        if (isDirectory && /^[0-9a-f]{32}$/.test(name) && isUsable(joinPath(path, name))) {
          found.push(joinPath(path, name));
        }
      }
      return found;
    } catch (error) {
      if (error instanceof StateError || codeOf(error) !== undefined) return [];
      throw error;
    }
  }

  /** Returns the path of the state directory, and the directories above it that may be created. @throws {StateError} */
  #locate(): { path: string; parents: string[] } {
    const env = this.#env;
    if (this.#windows) {
      const local = env("LOCALAPPDATA")?.replaceAll("\\", "/");
      if (!local) throw new StateError("%LOCALAPPDATA%\\escp", "LOCALAPPDATA is not set");
      return { path: `${local}/escp`, parents: [] };
    }
    const xdg = env("XDG_STATE_HOME");
    // The XDG specification requires that relative paths are ignored.
    if (xdg?.startsWith("/")) return { path: joinPath(xdg, "escp"), parents: [...above(xdg)] };
    const home = env("HOME");
    if (!home?.startsWith("/")) throw new StateError("~/.local/state/escp", "HOME is not set");
    return {
      path: joinPath(home, ".local/state/escp"),
      parents: [".local", ".local/state"].map((each) => joinPath(home, each)),
    };
  }
}

/**
 * Returns the path of a record.
 *
 * @param directory Directory from `find` or `make`.
 * @param key Texts that together identify the copied file or the copy in every run.
 */
export async function recordPath(directory: string, kind: RecordKind, ...key: string[]): Promise<string> {
  return joinPath(directory, `${await shortDigest(JSON.stringify(key))}.${kind}`);
}

/** "journal": journal of a large file (journal.ts). "run": completion record of a copy (record.ts). */
export type RecordKind = "journal" | "run";

/** Returns the kind of a record by its file name; undefined for other files. */
export function recordKind(name: string): RecordKind | undefined {
  return /^[0-9a-f]{32}\.(journal|run)$/.exec(name)?.[1] as RecordKind | undefined;
}

/** Converts an error of the system to a `StateError` for a directory. Throws any other error. */
export function stateErrorOf(directory: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const code = codeOf(error);
  if (code === undefined) throw error;
  return new StateError(directory, reasonOf(error), { code, cause: error });
}

/** Returns the path and its ancestors from the top down, without the root. */
function above(path: string): string[] {
  const parents: string[] = [];
  for (let each = path; directoryOf(each) !== each; each = directoryOf(each)) parents.unshift(each);
  return parents;
}

function makeDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // An existing ancestor may be unreadable. Creating a directory below it shows whether that matters.
    if (codeOf(error) === "EEXIST" || exists(path)) return;
    throw error;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function isUsable(path: string): boolean {
  try {
    checkDirectory(path);
    return true;
  } catch (error) {
    if (error instanceof StateError) return false;
    throw error;
  }
}

/** Checks that a path is a directory of this user that no other user can write to. @throws {StateError} */
function checkDirectory(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    throw stateErrorOf(path, error);
  }
  if (info.isSymlink) throw new StateError(path, "it is a symbolic link");
  if (!info.isDirectory) throw new StateError(path, "it is not a directory");
  if (info.uid !== Deno.uid()) throw new StateError(path, "it belongs to another user");
  if (((info.mode ?? 0) & 0o022) !== 0 && Deno.build.os !== "windows") {
    throw new StateError(path, "other users may write to it");
  }
}

/** Checks that files can be created in a directory of this user. @throws {StateError} for the state directory */
function checkWritable(state: string, own: string): void {
  try {
    // This changes only times, and fails on a read-only file system.
    Deno.utimeSync(own, new Date(), new Date());
  } catch (error) {
    throw stateErrorOf(state, error);
  }
  const mode = Deno.lstatSync(own).mode ?? 0o700;
  if ((mode & 0o300) !== 0o300 && Deno.build.os !== "windows" && Deno.uid() !== 0) {
    throw new StateError(own, "Permission denied", { code: "EACCES" });
  }
}

/** Returns a name that is the same in every run on this machine, without revealing its machine-id(5). */
async function machineName(): Promise<string> {
  return await shortDigest(`escp state ${machineId()}`);
}

function machineId(): string {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      const id = Deno.readTextFileSync(path).trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // Not every system has this file.
    }
  }
  try {
    return `host ${Deno.hostname()}`;
  } catch {
    return "";
  }
}

/** Returns the first 128 bits of SHA-256 in hexadecimal. */
async function shortDigest(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)), 0, 16);
  return digest.toHex();
}
