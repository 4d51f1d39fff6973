/** Changes owner and group of a path. Of a symbolic link, the link itself changes, which `Deno.chown` cannot do. */
export function changeOwner(path: string, user: number): void {
  const { success } = new Deno.Command("chown", { args: ["-h", `${user}:${user}`, path] }).outputSync();
  if (!success) throw new Error(`Cannot change the owner of ${path}`);
}
