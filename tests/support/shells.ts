/** Cases that need one of the shells that have completions. */

import type { Shell } from "../../src/cli/completions/completions.ts";
import { it } from "./bdd.ts";

export const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

const installed = new Set(SHELLS.filter(isInstalled));

/** Registers a case that runs the shell, whose name is added to the case's. Without the shell it is skipped by name. */
export function itWithShell(shell: Shell, name: string, body: () => Promise<void>): void {
  const has = installed.has(shell);
  it({ name: `${name} in ${shell}${has ? "" : ` (skipped: no ${shell})`}`, ignore: !has, fn: body });
}

/** Asks for the version, because fish makes directories in the home directory for any command. */
function isInstalled(shell: Shell): boolean {
  try {
    return new Deno.Command(shell, { args: ["--version"], stdin: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
