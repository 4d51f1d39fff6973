import { exists } from "@std/fs/exists";

/** Returns whether a program exists: a path, or a name in a directory of PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  if (program.includes("/")) return await exists(program);
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    if (await exists(`${directory}/${program}`)) return true;
  }
  return false;
}
