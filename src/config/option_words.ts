import { UsageError } from "../errors.ts";

/**
 * Splits a text such as the value of `ESCP_OPTIONS` into words like a POSIX shell, at white space. Single quotes preserve all
 * characters. Double quotes preserve all except a backslash before `"`, `\`, `$` and "`". Outside of quotes, a backslash preserves
 * the next character. Nothing is expanded.
 *
 * @param shown name of the setting in messages.
 * @throws {UsageError} for an unclosed quote, and a backslash at the end.
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
      const { contents, end } = quoted(text, at, shown);
      word = (word ?? "") + contents;
      at = end;
    } else if (char === "\\") {
      if (++at === text.length) throw new UsageError(`${shown} ends in a backslash`);
      word = (word ?? "") + text[at];
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Returns the contents of the quotes that open at text[at], and the position of the closing quote. */
function quoted(text: string, at: number, shown: string): { contents: string; end: number } {
  const quote = text[at];
  let contents = "";
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === quote) return { contents, end };
    if (quote === '"' && text[end] === "\\" && /["\\$`]/.test(text[end + 1] ?? "")) end++;
    contents += text[end];
  }
  throw new UsageError(`${shown} has a ${quote === "'" ? "single" : "double"} quote that is not closed`);
}
