/** Completion scripts. */

import { FLAGS } from "../options/flags.ts";
import type { Flag } from "../options/flag.ts";
import { completeBash } from "./bash.ts";
import { completeFish } from "./fish.ts";
import { completeZsh } from "./zsh.ts";

/** A shell for which there is a completion script. */
export type Shell = "bash" | "zsh" | "fish";

const WRITERS: Record<Shell, (flags: readonly Flag[]) => string> = {
  bash: completeBash,
  zsh: completeZsh,
  fish: completeFish,
};

/** Returns the output of `escp --completions SHELL`: a script that completes all options that are not hidden. */
export function completionScript(shell: Shell): string {
  return WRITERS[shell](FLAGS.filter((flag) => !flag.hidden));
}
