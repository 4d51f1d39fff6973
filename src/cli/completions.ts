import { completeBash } from "./completions_bash.ts";
import { completeFish } from "./completions_fish.ts";
import { completeZsh } from "./completions_zsh.ts";
import type { Flag } from "./flag.ts";
import { FLAGS } from "./flags.ts";
import type { Shell } from "./options.ts";

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
