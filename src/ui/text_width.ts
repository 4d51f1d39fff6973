/**
 * Columns that text takes on a terminal: 0 for combining marks and other characters without width, 2 for East Asian
 * wide characters and emoji, 1 for all else. Where terminals disagree (joined emoji) the larger number is given, so
 * that a line that is cut to a width never wraps. Control characters must have been escaped before.
 */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** The beginning of the text, with "…" in the place of what does not fit; at most `columns` wide. */
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
