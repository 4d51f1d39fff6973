/** Source files as the rules for imports and for the language see them. */

/** A source file: its path in the repository, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A line that breaks a rule. */
export interface Violation {
  /** Path in the repository, with "/". */
  file: string;
  /** Line number, from 1. */
  line: number;
  /** Description, such as "imports X: layer A may not import layer B". */
  message: string;
}

/** Matches a comment or a quoted text of a module. Expressions in a template are part of it. */
export const COMMENT_OR_QUOTED = /\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** Returns the number of the line at an index, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
