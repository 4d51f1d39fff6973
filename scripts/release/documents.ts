/** Documents of a release. */

import { completionScript, type Shell } from "../../src/cli/completions/completions.ts";
import { manualPage } from "../../src/cli/help/manual_page.ts";
import type { ArchivedFile } from "./archives.ts";

/** Names that each shell expects of a completion script. */
const COMPLETIONS: Record<Shell, string> = { bash: "escp.bash", zsh: "_escp", fish: "escp.fish" };

/** Returns the manual page and the completion scripts. Names are relative to the directory of the release. */
export function generatedDocuments(): ArchivedFile[] {
  const completions = Object.entries(COMPLETIONS).map(([shell, name]) =>
    text(`completions/${name}`, completionScript(shell as Shell))
  );
  return [text("escp.1", manualPage()), ...completions];
}

/** Returns LICENSE and README.md of the project. */
export async function projectDocuments(root: string): Promise<ArchivedFile[]> {
  const names = ["LICENSE", "README.md"];
  return await Promise.all(names.map(async (name) => ({ name, contents: await Deno.readFile(`${root}/${name}`) })));
}

/** Returns a text file. */
export function text(name: string, contents: string): ArchivedFile {
  return { name, contents: new TextEncoder().encode(contents) };
}
