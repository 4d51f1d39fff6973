/** "~" and "~user" at the start of an operand, for the end that no shell expands them for. */

import { homeOfUser } from "../../native/file/home.ts";
import { joinPath, PATH_STYLE, type PathStyle } from "./local_path.ts";

/**
 * Replaces a leading "~" or "~user" by that home directory. As in a shell, an unknown user leaves the text as it is.
 *
 * @param own what "~" alone stands for, where that is not the home directory.
 */
export function expandTilde(path: string, own?: string): string {
  const match = /^~([^/]*)(?:\/+(.*))?$/s.exec(path);
  if (!match) return path;
  const home = match[1] === "" ? own ?? ownHome((name) => Deno.env.get(name)) : homeOf(match[1]);
  return home === undefined ? path : joinPath(home, match[2] ?? "") + (match[2] === "" ? "/" : "");
}

/**
 * The home directory of whoever runs this. On Windows a HOME is that of a shell such as Git's, whose paths Windows does not
 * know, so it comes last.
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
      // No FFI here: the file knows the local users at least.
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
