/** Expands "~" and "~user" at the start of operands that no shell has expanded. */

import { FileError, quotePath } from "../../errors.ts";
import { homeOfUser } from "../../native/file/home.ts";
import { joinPath, PATH_STYLE, type PathStyle } from "./local_path.ts";

/**
 * Replaces a leading "~" or "~user" by the home directory. As in a shell, "~user" of an unknown user stays unchanged.
 *
 * @param own Replacement of "~" alone. Default: the home directory.
 */
export function expandTilde(path: string, own?: string): string {
  const match = /^~([^/]*)(?:\/+(.*))?$/s.exec(path);
  if (!match) return path;
  const home = match[1] === "" ? own ?? ownHome((name) => Deno.env.get(name)) : homeOf(match[1]);
  return home === undefined ? path : joinPath(home, match[2] ?? "") + (match[2] === "" ? "/" : "");
}

/** Returns the failure of a path that begins with "~user", if that user does not exist; undefined if it does. */
export function unknownUser(operation: string, path: string): FileError | undefined {
  const user = /^~([^/]+)/.exec(path)?.[1];
  if (user === undefined || homeOf(user) !== undefined) return undefined;
  return new FileError(operation, path, "no such user", {
    code: "ENOENT",
    hint: `Write ${quotePath(`./${path}`)} for a file of that name`,
  });
}

/**
 * Returns the home directory of the user of this process. On Windows, a shell such as Git's sets HOME to a path that
 * Windows does not understand, so HOME is the last choice.
 */
export function ownHome(
  env: (name: string) => string | undefined,
  style: PathStyle = PATH_STYLE,
): string | undefined {
  const names = style === "windows" ? ["USERPROFILE", "HOME"] : ["HOME"];
  return names.map(env).find((home) => home) || undefined;
}

function homeOf(user: string): string | undefined {
  if (PATH_STYLE === "windows") return undefined;
  if (Deno.build.os === "linux") {
    try {
      return homeOfUser(user);
    } catch {
      // FFI is not permitted. /etc/passwd contains at least the local users.
    }
  }
  let table = "";
  try {
    table = Deno.readTextFileSync("/etc/passwd");
  } catch {
    return undefined;
  }
  for (const line of table.split("\n")) {
    const fields = line.split(":");
    if (fields[0] === user && fields.length >= 6) return fields[5];
  }
  return undefined;
}
