/** Which names a source may have at the receiver, told from the operand alone. */

/**
 * The names that the other side may give to the operand: its last component, or "." where its contents are meant. "~"
 * and "~user" stand for a directory whose name only the other side knows, and it is not trusted with that: "." for the
 * directory, or the text itself, which may be the name of a file.
 *
 * @param options.tilde whether they stand for that here.
 */
export function sourceNameOf(operand: string, { tilde }: { tilde: boolean }): string[] {
  const path = operand.replace(/\/+$/, "");
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "" || name === "." || name === "..") return ["."];
  return tilde && name === path && name.startsWith("~") ? [".", name] : [name];
}
