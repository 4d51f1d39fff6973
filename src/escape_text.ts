/**
 * Escapes untrusted text (file names, ssh, the peer) before it reaches a terminal or a log. It escapes characters that a
 * terminal interprets or hides, and characters that reorder others.
 */

/**
 * Control characters, lone surrogates, line and paragraph separators, interlinear annotations, and every character that
 * is invisible by default (Unicode: Default_Ignorable_Code_Point), such as bidirectional controls, zero-width characters
 * and tags. Variation selectors 1 to 16 are the exception: emoji contain them, and they change only the appearance of the
 * preceding character.
 */
const UNSAFE = /[[\p{Cc}\p{Cs}\u2028\u2029\ufff9-\ufffb\p{Default_Ignorable_Code_Point}]--[\ufe00-\ufe0f]]/gv;

/** As `UNSAFE`, with the quote and the escape character. */
const UNSAFE_IN_QUOTES =
  /[[\p{Cc}\p{Cs}\u2028\u2029\ufff9-\ufffb\p{Default_Ignorable_Code_Point}"\\]--[\ufe00-\ufe0f]]/gv;

/** On Windows a backslash separates directories. It is shown as typed, and no name contains it or a quote. */
const SHOWS_BACKSLASH = Deno.build.os === "windows";

/** Printable ASCII, which needs no escapes. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Escapes text for a terminal or a log. Keeps line breaks, so that `printable(text).split("\n")` returns the lines. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll("\r\n", "\n").replace(UNSAFE, (char) => char === "\n" ? char : escapeOf(char));
}

/**
 * Returns a path in double quotes, safe for a terminal; the quote and line breaks are escaped too.
 *
 * @param showsBackslash Whether the backslash is not escaped. Default: on Windows.
 */
export function quotePath(path: string, showsBackslash: boolean = SHOWS_BACKSLASH): string {
  return `"${escapePath(path, showsBackslash)}"`;
}

/** As `quotePath`, without the quotes around it. */
export function escapePath(path: string, showsBackslash: boolean = SHOWS_BACKSLASH): string {
  return path.replace(UNSAFE_IN_QUOTES, (char) => showsBackslash && char === "\\" ? char : escapeOf(char));
}

/** Returns a value as one line of JSON that is safe for a terminal. A parser restores the exact value. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (char) => {
    let escaped = "";
    for (let at = 0; at < char.length; at++) escaped += "\\u" + char.charCodeAt(at).toString(16).padStart(4, "0");
    return escaped;
  });
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0)!;
  if (char === '"' || char === "\\") return "\\" + char;
  if (char === "\n") return "\\n";
  if (char === "\t") return "\\t";
  if (char === "\r") return "\\r";
  // U+DC80 to U+DCFF represent bytes that are not UTF-8.
  if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
  if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
  return code < 0x10000 ? "\\u" + code.toString(16).padStart(4, "0") : `\\u{${code.toString(16)}}`;
}
