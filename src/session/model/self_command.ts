/** Returns the command that starts this program: the executable, or Deno with the entry module. */
export function selfCommand(): { program: string; args: string[] } {
  if (Deno.build.standalone) return { program: Deno.execPath(), args: [] };
  return { program: Deno.execPath(), args: ["run", "--quiet", "--allow-all", Deno.mainModule] };
}
