import { textWidth } from "./text_width.ts";

/** Breaks a text between words into lines of at most `width` columns. A longer word is broken inside. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => pieces(word, Math.max(1, width)))) {
    if (line && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** Breaks a word into pieces that fit. A character may be wider than the line. */
function pieces(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const found: string[] = [];
  let piece = "";
  for (const char of word) {
    if (piece && textWidth(piece + char) > width) {
      found.push(piece);
      piece = char;
    } else piece += char;
  }
  return [...found, piece];
}
