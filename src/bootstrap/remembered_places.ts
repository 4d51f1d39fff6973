/** Where escp was put on other hosts, so that it is found there at the next login: a file for each host. */

type Environment = (name: string) => string | undefined;

/** A host, as it is reached. */
export interface RememberedHost {
  host: string;
  user?: string;
  port?: number;
}

/** Where it was put, as long as it was this version; undefined where nothing is known. */
export function recallPlace(host: RememberedHost, version: string, env: Environment): string | undefined {
  try {
    const [found, path] = Deno.readTextFileSync(fileOf(host, env)).split("\n");
    // deno-lint-ignore no-control-regex
    return found === version && /^\/[^\u0000-\u001f\u007f]*$/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers it, if that can be: otherwise the next login finds it in another way. */
export function rememberPlace(host: RememberedHost, version: string, path: string, env: Environment): void {
  try {
    const file = fileOf(host, env);
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.${crypto.randomUUID()}`;
    Deno.writeTextFileSync(unfinished, `${version}\n${path}\n`, { mode: 0o600 });
    Deno.renameSync(unfinished, file);
  } catch {
    // A cache that cannot be written to is none.
  }
}

/** @throws {Error} where there is no directory for it. */
function fileOf({ host, user = "", port }: RememberedHost, env: Environment): string {
  // Begins with an escaped "@" or a name, so that no system has a device of that name.
  const name = encodeURIComponent(`@${user}@${host}:${port ?? ""}`);
  const local = env("LOCALAPPDATA");
  if (Deno.build.os === "windows" && local) return `${local.replaceAll("\\", "/")}/escp/hosts/${name}`;
  const cache = env("XDG_CACHE_HOME");
  const home = env("HOME");
  if (!cache?.startsWith("/") && !home) throw new Error("no home directory");
  return `${cache?.startsWith("/") ? cache : `${home}/.cache`}/escp/hosts/${name}`;
}
