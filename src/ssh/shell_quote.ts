/** Quoting for POSIX shells. */

/** Quotes one word for a POSIX shell, if necessary. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a path as `quoteWord`, except for a leading "~/" or "~user/", which the shell expands. */
export function quoteProgram(path: string): string {
  const home = /^~[A-Za-z0-9._-]*\//.exec(path)?.[0] ?? "";
  const rest = path.slice(home.length);
  return home + (rest === "" ? "" : quoteWord(rest));
}
