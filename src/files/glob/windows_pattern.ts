/** Patterns in operands on Windows, whose shell leaves them to the program. */

import { type GlobPattern, parseGlob } from "./pattern.ts";

/**
 * Parses the part of an operand after its root. Only `*`, `?` and `**` are special, because names may contain brackets and braces.
 * Letters match in either case, also a "." at the start of a name, and `*.*` matches every name, as in cmd.exe.
 *
 * @param text With either separator.
 * @returns undefined if the text has no wildcard.
 * @throws {UserError} As `parseGlob`.
 */
export function parseWindowsPattern(text: string): GlobPattern | undefined {
  if (!/[*?]/.test(text)) return undefined;
  const components = text.split(/[\\/]/).map(componentOf);
  const { nodes, relative, absolute } = parseGlob(components.join("/"), { dot: true });
  return { text, nodes, relative, absolute };
}

function componentOf(component: string): string {
  if (component === "*.*") return "*";
  const escaped = component.replace(/[[\]{}]/g, "\\$&");
  // The system ignores the case of other components.
  return /[*?]/.test(component) ? escaped.replace(/\p{L}/gu, anyCase) : escaped;
}

function anyCase(letter: string): string {
  const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
  const isSingle = [lower, upper].every((text) => [...text].length === 1);
  return lower !== upper && isSingle ? `[${lower}${upper}]` : letter;
}
