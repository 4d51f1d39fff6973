/** Names of sources: as a receiver may see them, and as messages show them. */

import { joinPath } from "../../../files/path/local_path.ts";

/**
 * Returns the names that a sender may give to an operand: its last component, or "." if the operand means the
 * contents of a directory. "~" and "~user" mean a directory whose name only the sender knows. The receiver does not
 * accept a name of the sender's choice. So their names are "." for the directory, or the text itself for a file of that
 * name.
 *
 * @param options.tilde whether "~" has its special meaning in this operand.
 */
export function sourceNameOf(operand: string, { tilde }: { tilde: boolean }): string[] {
  const path = operand.replace(/\/+$/, "");
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "" || name === "." || name === "..") return ["."];
  return tilde && name === path && name.startsWith("~") ? [".", name] : [name];
}

/** Returns the path of an entry for messages. @param rootName name of the source. @param path relative to the source. */
export function shownPath(rootName: string, path: string): string {
  return rootName === "." ? path : joinPath(rootName, path);
}
