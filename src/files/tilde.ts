/** "~" and "~user" at the start of an operand, for the end that no shell expands them for. */

import { homeOfUser } from "../native/file_home.ts";
import { joinPath } from "./local_path.ts";

/**
 * Replaces a leading "~" or "~user" by that home folder. As in a shell, an unknown user leaves the text as it is.
 *
 * @param own what "~" alone stands for, where that is not the home folder.
 */
export function expandTilde(path: string, own?: string): string {
  const match = /^~([^/]*)(?:\/+(.*))?$/s.exec(path);
  if (!match) return path;
  const home = match[1] === "" ? own ?? ownHome() : homeOf(match[1]);
  return home === undefined ? path : joinPath(home, match[2] ?? "") + (match[2] === "" ? "/" : "");
}

function ownHome(): string | undefined {
  return Deno.env.get("HOME") || Deno.env.get("USERPROFILE") || undefined;
}

function homeOf(user: string): string | undefined {
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
