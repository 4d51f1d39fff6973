/**
 * Finds the line of a key for messages, because the YAML parser does not keep it. The scan supports block style, and flow style on
 * one line. If in doubt it returns no line, rather than a wrong one.
 */

/** A line with a key: its indentation, the key in one of three notations, and the value. */
const KEY_LINE =
  /^( *)(?:"([^"\\]*)"|'([^']*)'|([^\s"'#[\]{},&*!|>%@`?:-][^#]*?|[?:-][^\s#][^#]*?))[ \t]*:(?:[ \t]+(.*))?$/;

/** Maximum length of a line that is scanned. */
const MAX_LINE = 10_000;

/** A key whose value contains the current line. */
interface Open {
  indent: number;
  key: string;
}

/**
 * Returns the line of the value at a path of keys, starting with 1; undefined if in doubt.
 *
 * @param text YAML that was parsed without an error and contains the value.
 */
export function findKeyLine(text: string, path: readonly string[]): number | undefined {
  const open: Open[] = [];
  /** Lines with a larger indentation belong to a text of several lines. */
  let blockIndent = Infinity;
  for (const [index, raw] of text.replace(/^\ufeff/, "").split(/\r\n|[\r\n]/).entries()) {
    const line = raw.trimEnd();
    const indent = line.length - line.trimStart().length;
    if (line === "" || indent > blockIndent) continue;
    if (line.length > MAX_LINE) return undefined;
    blockIndent = Infinity;
    if (/^\s*#|^---(?: #.*)?$|^%/.test(line)) continue;
    const item = /^ *-(?: +(.*))?$/.exec(line);
    if (item && open.length > 0) {
      // Items of a list contain no keys of a configuration file.
      if (/^[|>]/.test(item[1] ?? "")) blockIndent = indent;
      else if (KEY_LINE.test(item[1] ?? "") || !endsOnLine(item[1] ?? "")) return undefined;
      continue;
    }
    const match = KEY_LINE.exec(line);
    // Next line of a text without quotes.
    if (!match && open.length > 0 && indent > open[open.length - 1].indent) continue;
    if (!match) return open.length === 0 && isFlow(line) ? index + 1 : undefined;
    while (open.length > 0 && open[open.length - 1].indent >= indent) open.pop();
    open.push({ indent, key: match[2] ?? match[3] ?? match[4] });
    const value = (match[5] ?? "").replace(/^(?:[&!]\S*\s+)*/, "");
    const isOnPath = open.every(({ key }, depth) => key === path[depth]);
    if (isOnPath && open.length === path.length) return index + 1;
    if (isOnPath && isFlow(value)) return index + 1;
    if (/^[|>]/.test(value)) blockIndent = indent;
    else if (!endsOnLine(value)) return undefined;
  }
  return undefined;
}

/** Returns whether the value is a complete mapping in flow style, with all its keys on this line. */
function isFlow(value: string): boolean {
  return value.trimStart().startsWith("{") && endsOnLine(value.trimStart());
}

/** Returns whether all quotes and brackets that open on this line also close on it. */
function endsOnLine(value: string): boolean {
  if (!/^["'[{]/.test(value)) return true;
  const outside = value.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "").replace(/(?:^|\s)#.*$/, "");
  if (/["']/.test(outside)) return false;
  return outside.replace(/[^[{]/g, "").length === outside.replace(/[^\]}]/g, "").length;
}
