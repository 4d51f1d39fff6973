/** The properties that the shards of a copy have in common, as their reports state them. */

import { quotePath, UserError } from "../../errors.ts";
import { directoryOf, joinPath, resolvePath } from "../../files/path/local_path.ts";
import { isWithin } from "../../files/target/confinement.ts";
import { realPath } from "../../files/path/real_path.ts";
import type { Operand } from "../../ssh/operand.ts";
import type { RunOptions } from "../options/run_options.ts";

/** Returns the properties of a run whose lists were read. */
export async function copyProperties({ sources, target, listed, shard }: RunOptions): Promise<Record<string, unknown>> {
  return {
    ...shard!.copy,
    source: placeOf(sources[0].operand),
    target: placeOf(target!),
    ...listed && { listed: await digestOf(listed) },
  };
}

/** @throws {UserError} if the reports would be in the source or the target: they would be copied, or deleted. */
export function checkPlaceOfReports(directory: string, { sources, target }: RunOptions): void {
  const reports = realPlace(directory);
  for (const [name, operand] of [["source", sources[0].operand], ["target", target!]] as const) {
    if (operand.kind === "remote" || !isWithin(reports, realPlace(operand.path))) continue;
    const what = name === "source" ? "they would be copied" : '"--delete" would delete them';
    throw new UserError(
      `Cannot use the directory ${quotePath(directory)} of "--shard-report": it is in the ${name} of the copy`,
      { hint: `Use a directory outside: ${what}` },
    );
  }
}

/** Returns a remote operand without its host: the hosts of a list share the file system. */
function placeOf(operand: Operand): unknown {
  return operand.kind === "remote" ? { user: operand.user, path: operand.path } : realPlace(operand.path);
}

/** Returns the absolute path without symbolic links. Its last names may be missing. */
function realPlace(path: string): string {
  const absolute = resolvePath(Deno.cwd(), path);
  try {
    return realPath(absolute);
  } catch {
    const parent = directoryOf(absolute);
    return parent === absolute
      ? absolute
      : joinPath(realPlace(parent), absolute.slice(parent.length).replace(/^[\\/]+/, ""));
  }
}

/** Returns a digest of the paths of a list. No path contains a NUL. */
async function digestOf(paths: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(paths.join("\0"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
