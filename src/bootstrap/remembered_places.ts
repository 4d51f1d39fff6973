/** Paths of escp on remote hosts, for the next login: one file per host. */

import type { RemoteHost } from "../ssh/operand.ts";

type ReadVariable = (name: string) => string | undefined;

/**
 * Returns the path of escp on a host; undefined if it is not known.
 *
 * @param version version of escp; undefined: any.
 */
export function recallPlace(host: RemoteHost, version: string | undefined, env: ReadVariable): string | undefined {
  try {
    const [found, path] = Deno.readTextFileSync(fileOf(host, env)).split("\n");
    // deno-lint-ignore no-control-regex
    return (version ?? found) === found && /^\/[^\u0000-\u001f\u007f]*$/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a path. Never throws: without the path, the next login searches for escp. */
export function rememberPlace(host: RemoteHost, version: string, path: string, env: ReadVariable): void {
  try {
    const file = fileOf(host, env);
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.${crypto.randomUUID()}`;
    Deno.writeTextFileSync(unfinished, `${version}\n${path}\n`, { mode: 0o600 });
    Deno.renameSync(unfinished, file);
  } catch {
    // The cache is optional.
  }
}

/** Forgets the path on a host. */
export function forgetPlace(host: RemoteHost, env: ReadVariable): void {
  try {
    Deno.removeSync(fileOf(host, env));
  } catch {
    // Nothing is remembered.
  }
}

/** @throws {Error} if there is no directory for the file. */
function fileOf({ host, user = "", port }: RemoteHost, env: ReadVariable): string {
  // The name starts with an escaped "@", so that it is not a device on any system.
  const name = encodeURIComponent(`@${user}@${host}:${port ?? ""}`);
  const local = env("LOCALAPPDATA");
  if (Deno.build.os === "windows" && local) return `${local.replaceAll("\\", "/")}/escp/hosts/${name}`;
  const cache = env("XDG_CACHE_HOME");
  const home = env("HOME");
  if (!cache?.startsWith("/") && !home) throw new Error("no home directory");
  return `${cache?.startsWith("/") ? cache : `${home}/.cache`}/escp/hosts/${name}`;
}
