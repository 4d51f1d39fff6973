/**
 * Returns the width of text on a terminal in columns: 0 for combining marks and other characters without width, 2 for East
 * Asian wide characters and emoji, 1 for all others. If terminals disagree (joined emoji), the larger number counts, so
 * that a line cut to a width never wraps. Control characters must be escaped before.
 */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Returns text with at most `columns` columns. Replaces the end that does not fit with "…". */
export function cutToWidth(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let width = 1;
  for (const char of text) {
    width += charWidth(char);
    if (width > columns) break;
    kept += char;
  }
  return kept + "…";
}

function charWidth(char: string): number {
  if (NO_WIDTH.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\u30fb-\u30ff\uff01-\uff60\uffe0-\uffe6]$/u;
