/**
 * The line of a key, for messages: the parser of YAML tells none once it is done. A scan that understands block style
 * and flow style on one line, and that rather gives no line than a wrong one.
 */

/** A line that holds a key: its indentation, the key in one of its three spellings, and what follows. */
const KEY_LINE =
  /^( *)(?:"([^"\\]*)"|'([^']*)'|([^\s"'#[\]{},&*!|>%@`?:-][^#]*?|[?:-][^\s#][^#]*?))[ \t]*:(?:[ \t]+(.*))?$/;

/** Longer lines are not looked at: nobody needs to be told where they are. */
const MAX_LINE = 10_000;

/** A key that the scan is inside of. */
interface Open {
  indent: number;
  key: string;
}

/**
 * The line of the value at this path of keys, 1 for the first; undefined when unsure.
 *
 * @param text YAML that was parsed without an error and has a value there.
 */
export function findKeyLine(text: string, path: readonly string[]): number | undefined {
  const open: Open[] = [];
  /** Lines deeper than this belong to a text of several lines. */
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
      // Items of a list hold no keys that are asked for.
      if (/^[|>]/.test(item[1] ?? "")) blockIndent = indent;
      else if (KEY_LINE.test(item[1] ?? "") || !endsOnLine(item[1] ?? "")) return undefined;
      continue;
    }
    const match = KEY_LINE.exec(line);
    // A text without quotes that goes on.
    if (!match && open.length > 0 && indent > open[open.length - 1].indent) continue;
    if (!match) return open.length === 0 && isFlow(line) ? index + 1 : undefined;
    while (open.length > 0 && open[open.length - 1].indent >= indent) open.pop();
    open.push({ indent, key: match[2] ?? match[3] ?? match[4] });
    const value = (match[5] ?? "").replace(/^(?:[&!]\S*\s+)*/, "");
    const here = open.every(({ key }, depth) => key === path[depth]);
    if (here && open.length === path.length) return index + 1;
    if (here && isFlow(value)) return index + 1;
    if (/^[|>]/.test(value)) blockIndent = indent;
    else if (!endsOnLine(value)) return undefined;
  }
  return undefined;
}

/** Whether it is a whole mapping in flow style, so that all its keys are on this line. */
function isFlow(value: string): boolean {
  return value.trimStart().startsWith("{") && endsOnLine(value.trimStart());
}

/** Whether the quotes and brackets that open on this line close on it too. */
function endsOnLine(value: string): boolean {
  if (!/^["'[{]/.test(value)) return true;
  const outside = value.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "").replace(/(?:^|\s)#.*$/, "");
  if (/["']/.test(outside)) return false;
  return outside.replace(/[^[{]/g, "").length === outside.replace(/[^\]}]/g, "").length;
}
