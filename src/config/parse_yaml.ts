/** YAML with readable errors. */

import { escapePath, quotePath, UsageError } from "../errors.ts";

/**
 * Parses YAML. All values are text, as written: a mask of 100 bits does not become a rounded number, and a file named "no" is not
 * false.
 *
 * @param file path, for messages.
 * @throws {UsageError} naming the file, and the line if it is known.
 */
export async function parseYaml(text: string, file: string): Promise<unknown> {
  // Loaded on demand, because most runs read no YAML. The import map of a program that uses the library lacks @std/yaml.
  // deno-lint-ignore no-import-prefix
  const yaml = await import("npm:deno-std@1.3.0/yaml/mod.js") as {
    parse(text: string, options: { schema: "failsafe" }): unknown;
  };
  try {
    return yaml.parse(text, { schema: "failsafe" });
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(`Cannot read ${quotePath(file)}: it is nested too deeply`);
    if (!(cause instanceof SyntaxError)) throw cause;
    const [, state, line] = /^(.*?)(?: at line ([0-9]+), column [0-9]+:.*)?$/s.exec(cause.message)!;
    const reason = state.slice(state.indexOf(": ") + 1).trim();
    // The parser reports an unclosed bracket after the last line.
    const last = text.trimEnd().split("\n").length;
    const where = line === undefined ? "" : `, line ${Math.min(Number(line), last)}`;
    throw new UsageError(`Cannot read ${quotePath(file)}${where}: ${escapePath(reason).replaceAll('\\"', '"')}`, {
      cause,
      hint: /alias/.test(reason) ? 'Quote a pattern that starts with "*": "*.lab"' : undefined,
    });
  }
}
