import { completeBash } from "./bash.ts";
import { completeFish } from "./fish.ts";
import { completeZsh } from "./zsh.ts";
import type { Flag } from "../options/flag.ts";
import { FLAGS } from "../options/flags.ts";
import type { Shell } from "../options/options.ts";

const WRITERS: Record<Shell, (flags: readonly Flag[]) => string> = {
  bash: completeBash,
  zsh: completeZsh,
  fish: completeFish,
};

/** What `escp --completions SHELL` prints: a script that tells the shell about every option but the hidden ones. */
export function completionScript(shell: Shell): string {
  const all: readonly Flag[] = FLAGS;
  return WRITERS[shell](all.filter((flag) => !flag.hidden));
}
