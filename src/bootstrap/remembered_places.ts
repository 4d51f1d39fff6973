/** Paths of escp on remote hosts, for the next login: one file per host. */

type Environment = (name: string) => string | undefined;

/** A host and the login. */
export interface RememberedHost {
  host: string;
  user?: string;
  port?: number;
}

/**
 * Returns the path of escp on a host; undefined if it is not known.
 *
 * @param version undefined: any version.
 */
export function recallPlace(host: RememberedHost, version: string | undefined, env: Environment): string | undefined {
  try {
    const [found, path] = Deno.readTextFileSync(fileOf(host, env)).split("\n");
    // deno-lint-ignore no-control-regex
    return (version ?? found) === found && /^\/[^\u0000-\u001f\u007f]*$/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a path. If this fails, the next login finds escp in another way. */
export function rememberPlace(host: RememberedHost, version: string, path: string, env: Environment): void {
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
export function forgetPlace(host: RememberedHost, env: Environment): void {
  try {
    Deno.removeSync(fileOf(host, env));
  } catch {
    // Nothing is remembered.
  }
}

/** @throws {Error} if there is no directory for the file. */
function fileOf({ host, user = "", port }: RememberedHost, env: Environment): string {
  // The name starts with an escaped "@", so that it is not a device on any system.
  const name = encodeURIComponent(`@${user}@${host}:${port ?? ""}`);
  const local = env("LOCALAPPDATA");
  if (Deno.build.os === "windows" && local) return `${local.replaceAll("\\", "/")}/escp/hosts/${name}`;
  const cache = env("XDG_CACHE_HOME");
  const home = env("HOME");
  if (!cache?.startsWith("/") && !home) throw new Error("no home directory");
  return `${cache?.startsWith("/") ? cache : `${home}/.cache`}/escp/hosts/${name}`;
}
