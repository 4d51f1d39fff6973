/** Executables of escp on this machine, for its own and for other systems. */

import { messageOf, quotePath, StartError } from "../errors.ts";
import { joinPath } from "../files/path/local_path.ts";
import { executableName, type System } from "./system.ts";

/** Directories that are searched for executables. */
export interface ExecutablePlaces {
  version: string;
  /** The running program, if it is compiled. */
  self?: { path: string; system: System };
  /** Directories with `escp-VERSION-SYSTEM` files and their SHA256SUMS. The first that contains the executable counts. */
  directories: readonly string[];
}

/** An executable in memory. */
export interface Executable {
  path: string;
  contents: Uint8Array<ArrayBuffer>;
  /** SHA-256, 64 digits in hexadecimal. */
  sum: string;
}

const SUMS = "SHA256SUMS";

/**
 * Returns the executable for a system; undefined if there is none.
 *
 * @throws {StartError} if it cannot be read, or does not match SHA256SUMS in its directory.
 */
export async function findExecutable(system: System, places: ExecutablePlaces): Promise<Executable | undefined> {
  if (places.self?.system === system) return await load(places.self.path);
  const name = executableName(places.version, system);
  for (const directory of places.directories) {
    const path = joinPath(directory, name);
    if (!exists(path)) continue;
    const executable = await load(path);
    await checkSum(directory, name, executable);
    return executable;
  }
}

/** Returns whether there is an executable for any system. If not, there is no need to ask a host for its system. */
export function hasExecutables({ version, self, directories }: ExecutablePlaces): boolean {
  return self !== undefined || directories.some((directory) => {
    try {
      return Deno.readDirSync(directory).some(({ name }) => name.startsWith(`escp-${version}-`));
    } catch {
      return false;
    }
  });
}

async function load(path: string): Promise<Executable> {
  try {
    const contents = await Deno.readFile(path);
    return { path, contents, sum: new Uint8Array(await crypto.subtle.digest("SHA-256", contents)).toHex() };
  } catch (cause) {
    throw new StartError(`Cannot read ${quotePath(path)}: ${messageOf(cause)}`, { cause });
  }
}

/** Checks a file against its line of sha256sum(1): 64 digits, a space, a space or "*", the name. */
async function checkSum(directory: string, name: string, { path, sum }: Executable): Promise<void> {
  const file = joinPath(directory, SUMS);
  const hint = `Take the executable and ${SUMS} from the same release, or build both again`;
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    throw new StartError(`Cannot use ${quotePath(path)}: there is no ${SUMS} in its directory`, {
      cause,
      hint,
    });
  }
  const sums = text.split(/\r?\n/).map((line) => /^([0-9a-f]{64}) [ *](.+)$/i.exec(line)).filter((found) =>
    found !== null
  );
  const line = sums.find((found) => found[2] === name);
  if (!line) throw new StartError(`Cannot use ${quotePath(path)}: ${quotePath(file)} has no line for it`, { hint });
  if (line[1].toLowerCase() !== sum) {
    throw new StartError(`Cannot use ${quotePath(path)}: its SHA-256 differs from ${quotePath(file)}`, { hint });
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
