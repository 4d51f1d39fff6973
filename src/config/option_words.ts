import { UsageError } from "../errors.ts";

/**
 * Divides a text such as the value of `ESCP_OPTIONS` into words as a POSIX shell would: by white space; single quotes
 * hold everything, double quotes everything but a backslash before `"`, `\`, `$` and "`"; outside of quotes a backslash
 * holds the next character. Nothing is expanded.
 *
 * @param shown Where the text comes from, for the message.
 * @throws {UsageError} for a quote that is not closed and a backslash at the end.
 */
export function splitOptionWords(text: string, shown = "ESCP_OPTIONS"): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const { held, end } = quoted(text, at, shown);
      word = (word ?? "") + held;
      at = end;
    } else if (char === "\\") {
      if (++at === text.length) throw new UsageError(`${shown} ends in a backslash`);
      word = (word ?? "") + text[at];
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What stands in the quotes that open at text[at], and where they close. */
function quoted(text: string, at: number, shown: string): { held: string; end: number } {
  const quote = text[at];
  let held = "";
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === quote) return { held, end };
    if (quote === '"' && text[end] === "\\" && /["\\$`]/.test(text[end + 1] ?? "")) end++;
    held += text[end];
  }
  throw new UsageError(`${shown} has a ${quote === "'" ? "single" : "double"} quote that is not closed`);
}
