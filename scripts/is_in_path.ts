import { exists } from "@std/fs/exists";

/** Returns whether a directory of PATH contains the program. */
export async function isInPath(name: string): Promise<boolean> {
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await exists(`${directory}/${name}`)) return true;
  }
  return false;
}
