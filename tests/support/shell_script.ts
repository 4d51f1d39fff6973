/** Executable shell scripts that take the place of a program. */

import { quoteWord } from "../../src/ssh/shell_quote.ts";

/** Writes a script with these lines and returns its path. */
export async function writeScript(path: string, ...lines: string[]): Promise<string> {
  await Deno.writeTextFile(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  await Deno.chmod(path, 0o755);
  return path;
}

/** Writes a script that becomes this command, with its own arguments added. Lines of `setup` run before. */
export function writeWrapper(path: string, command: readonly string[], ...setup: string[]): Promise<string> {
  return writeScript(path, ...setup, `exec ${command.map(quoteWord).join(" ")} "$@"`);
}
