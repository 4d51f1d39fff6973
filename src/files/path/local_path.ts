/** Paths of this machine as text. "/" everywhere; on Windows "\" too, drives and shared directories (`\\server\share`). */

/** How paths are written: as on Windows, or as everywhere else. */
export type PathStyle = "posix" | "windows";

/** That of this machine. */
export const PATH_STYLE: PathStyle = Deno.build.os === "windows" ? "windows" : "posix";

export function isSeparator(char: string, style: PathStyle = PATH_STYLE): boolean {
  return char === "/" || (char === "\\" && style === "windows");
}

/** Whether no directory is needed to find it. `C:x` is not absolute; `\x` is, as only the drive is left open. */
export function isAbsolutePath(path: string, style: PathStyle = PATH_STYLE): boolean {
  const root = path.slice(0, rootLength(path, style));
  return root !== "" && !/^[a-z]:$/i.test(root);
}

/** A relative path below a directory; "" is the directory itself. */
export function joinPath(directory: string, path: string, style: PathStyle = PATH_STYLE): string {
  if (path === "") return directory;
  return directory === "" || isSeparator(directory[directory.length - 1], style)
    ? directory + path
    : `${directory}/${path}`;
}

/**
 * The absolute path of what a user names. On Windows `C:x` is below `base` when that is on the drive C, else below the
 * root of the drive: where each drive has been before is known to the shell alone.
 *
 * @param base absolute.
 */
export function resolvePath(base: string, path: string, style: PathStyle = PATH_STYLE): string {
  if (isAbsolutePath(path, style)) return path;
  const drive = style === "windows" && /^[a-z]:/i.exec(path)?.[0];
  if (!drive) return joinPath(base, path, style);
  const isSame = base.slice(0, 2).toLowerCase() === drive.toLowerCase();
  return joinPath(isSame ? base : `${drive}/`, path.slice(2), style);
}

export function hasTrailingSlash(path: string, style: PathStyle = PATH_STYLE): boolean {
  return path.length > 1 && isSeparator(path[path.length - 1], style);
}

/** Without slashes at the end; those of a root, such as "/" and "C:\", stay. */
export function withoutTrailingSlashes(path: string, style: PathStyle = PATH_STYLE): string {
  const root = rootLength(path, style);
  let end = path.length;
  while (end > root && isSeparator(path[end - 1], style)) end--;
  return path.slice(0, end);
}

/** The last component; "" of a root. */
export function baseName(path: string, style: PathStyle = PATH_STYLE): string {
  const bare = withoutTrailingSlashes(path, style);
  return bare.slice(Math.max(rootLength(bare, style), lastSeparator(bare, style) + 1));
}

/** What stands before the last component; "." when there is nothing, and a root itself. */
export function directoryOf(path: string, style: PathStyle = PATH_STYLE): string {
  const bare = withoutTrailingSlashes(path, style);
  const root = rootLength(bare, style);
  const at = Math.max(root, lastSeparator(bare, style));
  return at === 0 ? "." : withoutTrailingSlashes(bare.slice(0, at), style);
}

/** The path that a `file:` URL stands for. */
export function pathOfFileUrl(url: URL, style: PathStyle = PATH_STYLE): string {
  const path = decodeURIComponent(url.pathname);
  if (style !== "windows") return path;
  return url.host === "" ? path.replace(/^\/(?=[a-z]:)/i, "") : `//${url.host}${path}`;
}

function lastSeparator(path: string, style: PathStyle): number {
  const slash = path.lastIndexOf("/");
  return style === "windows" ? Math.max(slash, path.lastIndexOf("\\")) : slash;
}

/** `\\?\UNC\server\share\`, `\\server\share\` and likewise `\\?\C:\`, `C:\` and `C:`, `\`. */
const ROOT_ON_WINDOWS =
  /^(?:[\\/]{2}[?.][\\/]UNC[\\/][^\\/]+[\\/]+[^\\/]+[\\/]?|[\\/]{2}[^\\/]+[\\/]+[^\\/]+[\\/]?|[a-z]:[\\/]?|[\\/])/i;

/** How much of a path is its root. */
function rootLength(path: string, style: PathStyle): number {
  if (style === "posix") return path.startsWith("/") ? 1 : 0;
  return ROOT_ON_WINDOWS.exec(path)?.[0].length ?? 0;
}
