/** Returns the lines of a text, without a byte order mark, and without carriage returns at their ends. */
export function textLines(text: string): string[] {
  return text.replace(/^\ufeff/, "").split("\n").map((line) => line.replace(/\r$/, ""));
}
