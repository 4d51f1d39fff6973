/** Splits operands of `--relative`, on either end. */

import { PATH_STYLE, type PathStyle, rootOf } from "../../../files/path/local_path.ts";

/**
 * Splits an operand at its first "/./": into the directory before, and the path after, which is kept in the target. Without
 * this mark the path is the whole operand, and the directory is the root for an absolute operand, and "" otherwise.
 */
export function splitOperand(text: string, style: PathStyle = PATH_STYLE): { directory: string; path: string } {
  const operand = style === "windows" ? text.replaceAll("\\", "/") : text;
  const mark = operand.indexOf("/./");
  if (mark >= 0) return { directory: operand.slice(0, mark) || "/", path: operand.slice(mark + 3) };
  const directory = rootOf(operand, style);
  return { directory, path: operand.slice(directory.length).replace(/^\/+/, "") };
}
