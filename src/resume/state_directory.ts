/**
 * The state directory: where the receiving side keeps what a later run needs, out of the reach of whoever can write to a
 * target directory. It is $XDG_STATE_HOME/escp, by default ~/.local/state/escp, on Windows %LOCALAPPDATA%\escp. It has one
 * directory for each machine, as machines may share a home directory.
 */

import { quotePath } from "../errors.ts";
import { codeOf } from "../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../files/path/local_path.ts";
import { errnoTextOf } from "../native/libc/errno.ts";

type Environment = (name: string) => string | undefined;

/** The state directory cannot be used. The message names it and says why. */
export class StateError extends Error {
  override name = "StateError";
  /** The system's error name, such as "ENOENT", where there is one. */
  readonly code: string | undefined;

  constructor(directory: string, reason: string, options: { code?: string; cause?: unknown } = {}) {
    super(`cannot use the state directory ${quotePath(directory)}: ${reason}`, { cause: options.cause });
    this.code = options.code;
  }
}

/** The state directory of this user. Nothing is made or looked at before it is asked for. */
export class StateDirectory {
  readonly #env: Environment;
  readonly #windows: boolean;

  constructor(env: Environment = (name) => Deno.env.get(name), windows: boolean = Deno.build.os === "windows") {
    this.#env = env;
    this.#windows = windows;
  }

  /** The directory with this machine's records; undefined if there is none, or it must not be used. */
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

  /** As `find`, but makes the directory. @throws {StateError} if there can be none. */
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

  /** The directories with the records of all machines that may be used: of a home directory that they share. */
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

  /** Where it is to be, and the directories above it that may be made. @throws {StateError} */
  #locate(): { path: string; parents: string[] } {
    const env = this.#env;
    if (this.#windows) {
      const local = env("LOCALAPPDATA")?.replaceAll("\\", "/");
      if (!local) throw new StateError("%LOCALAPPDATA%\\escp", "LOCALAPPDATA is not set");
      return { path: `${local}/escp`, parents: [] };
    }
    const xdg = env("XDG_STATE_HOME");
    // The specification says that a relative path is to be ignored.
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
 * The path of a record, by what it is about.
 *
 * @param directory of `find` or `make`.
 * @param key texts that together are the same in every run for the same thing, and for nothing else.
 */
export async function recordPath(directory: string, kind: RecordKind, ...key: string[]): Promise<string> {
  return joinPath(directory, `${await shortDigest(JSON.stringify(key))}.${kind}`);
}

/** "journal": of a large file (journal.ts); "run": of a copy (run_record.ts). */
export type RecordKind = "journal" | "run";

/** What kind of record has this name; undefined for any other file. */
export function recordKind(name: string): RecordKind | undefined {
  return /^[0-9a-f]{32}\.(journal|run)$/.exec(name)?.[1] as RecordKind | undefined;
}

/** What the system says, as the reason that this directory cannot be used. Anything else is thrown again. */
export function stateErrorOf(directory: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const code = codeOf(error);
  if (code === undefined) throw error;
  const reason = errnoTextOf(code) ?? (error instanceof Error ? error.message : String(error));
  return new StateError(directory, reason, { code, cause: error });
}

/** From the top down, without the root. */
function above(path: string): string[] {
  const parents: string[] = [];
  for (let each = path; directoryOf(each) !== each; each = directoryOf(each)) parents.unshift(each);
  return parents;
}

function makeDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // A directory above may be there and closed: what is to be made below it tells.
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

/** That it is a directory of this user which nobody else can write to. @throws {StateError} */
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

/** That something can be made in a directory of this user. @throws {StateError} for the state directory */
function checkWritable(state: string, own: string): void {
  try {
    // Changes nothing but times, and is refused where nothing can be written.
    Deno.utimeSync(own, new Date(), new Date());
  } catch (error) {
    throw stateErrorOf(state, error);
  }
  const mode = Deno.lstatSync(own).mode ?? 0o700;
  if ((mode & 0o300) !== 0o300 && Deno.build.os !== "windows" && Deno.uid() !== 0) {
    throw new StateError(own, "Permission denied", { code: "EACCES" });
  }
}

/** The same in every run on this machine; tells nobody its id (machine-id(5)). */
async function machineName(): Promise<string> {
  return await shortDigest(`escp state ${machineId()}`);
}

function machineId(): string {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      const id = Deno.readTextFileSync(path).trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // Not every system has one.
    }
  }
  try {
    return `host ${Deno.hostname()}`;
  } catch {
    return "";
  }
}

/** The first 128 bits of SHA-256, in hexadecimal. */
async function shortDigest(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)), 0, 16);
  return digest.toHex();
}
