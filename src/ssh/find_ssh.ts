/** Finds the ssh client, and whether it knows the settings of newer versions. */

import { indexOfNeedle } from "../bytes.ts";
import { joinPath } from "../files/path/local_path.ts";

const isWindows = Deno.build.os === "windows";

/** Directories in which ssh is looked for after those of PATH, which may be empty in a cron job or a service. */
const USUAL_DIRECTORIES = isWindows ? [] : ["/usr/bin", "/bin"];

/** Returns the path of a program; a name that is not found, and a name with a directory, unchanged. */
export function findSsh(program: string, path: string | undefined = Deno.env.get("PATH")): string {
  if (/[/\\]/.test(program)) return program;
  const separator = isWindows ? ";" : ":";
  const directories = [...(path ?? "").split(separator), ...USUAL_DIRECTORIES].filter((directory) => directory !== "");
  const name = isWindows && !/\.exe$/i.test(program) ? `${program}.exe` : program;
  return directories.map((directory) => joinPath(directory, name)).find(isProgram) ?? program;
}

/**
 * ForkAfterAuthentication, a setting of OpenSSH 8.7, as its table of settings contains it. The "for" is omitted: the native
 * search stops at each first byte, and 50 times as many bytes of x86-64 code are "f" as are "k".
 */
const NEW_SETTING = new TextEncoder().encode("kafterauthentication");
/** Size above which a program is not ssh. */
const MAX_PROGRAM_BYTES = 64 << 20;

const known = new Map<string, boolean>();

/**
 * Returns whether a program knows the settings StdinNull, SessionType and ForkAfterAuthentication. An ssh that does not know a
 * setting refuses to start. The program itself is searched, because running `ssh -V` first would take several times as long.
 *
 * @returns false for a script, which may run any ssh.
 */
export function knowsSessionSettings(path: string): boolean {
  let knows = known.get(path);
  if (knows === undefined) known.set(path, knows = containsSetting(path));
  return knows;
}

function containsSetting(path: string): boolean {
  try {
    if (Deno.statSync(path).size > MAX_PROGRAM_BYTES) return false;
    const bytes = Deno.readFileSync(path);
    // "#!"
    if (bytes[0] === 0x23 && bytes[1] === 0x21) return false;
    return indexOfNeedle(bytes, NEW_SETTING) >= 0;
  } catch {
    return false;
  }
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (isWindows || ((mode ?? 0) & 0o111) !== 0);
  } catch {
    return false;
  }
}
