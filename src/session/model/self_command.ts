/** How this very program is started once more. */

/** The program and the arguments that come before its own: the executable itself, or Deno with the entry module. */
export function selfCommand(): { program: string; args: string[] } {
  if (Deno.build.standalone) return { program: Deno.execPath(), args: [] };
  return { program: Deno.execPath(), args: ["run", "--quiet", "--allow-all", Deno.mainModule] };
}
