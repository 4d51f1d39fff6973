/** YAML, with errors for people. */

import { escapePath, quotePath, UsageError } from "../errors.ts";

/**
 * Every value is the text that was written: a mask of 100 bits does not become a rounded number, and a file that is called
 * "no" is not false.
 *
 * @param file Its path, for messages.
 * @throws {UsageError} names the file, and the line where it can be told.
 */
export async function parseYaml(text: string, file: string): Promise<unknown> {
  // Loaded here and not before: most runs have no file to read.
  const yaml = await import("@std/yaml") as { parse(text: string, options: { schema: "failsafe" }): unknown };
  try {
    return yaml.parse(text, { schema: "failsafe" });
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(`Cannot read ${quotePath(file)}: it is nested too deeply`);
    if (!(cause instanceof SyntaxError)) throw cause;
    const [, state, line] = /^(.*?)(?: at line ([0-9]+), column [0-9]+:.*)?$/s.exec(cause.message)!;
    const reason = state.slice(state.indexOf(": ") + 1).trim();
    // What is never closed is noticed behind the last line.
    const last = text.trimEnd().split("\n").length;
    const where = line === undefined ? "" : `, line ${Math.min(Number(line), last)}`;
    throw new UsageError(`Cannot read ${quotePath(file)}${where}: ${escapePath(reason).replaceAll('\\"', '"')}`, {
      cause,
      hint: /alias/.test(reason) ? 'A pattern that begins with "*" is written in quotes: "*.lab"' : undefined,
    });
  }
}
