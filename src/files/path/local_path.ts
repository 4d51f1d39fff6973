/** Paths of this machine as text: with "/", and on Windows also with "\", drives and shares (`\\server\share`). */

/** Syntax of paths. */
export type PathStyle = "posix" | "windows";

/** Syntax of this machine. */
export const PATH_STYLE: PathStyle = Deno.build.os === "windows" ? "windows" : "posix";

/** Returns whether a character separates components. */
export function isSeparator(char: string, style: PathStyle = PATH_STYLE): boolean {
  return char === "/" || (char === "\\" && style === "windows");
}

/** Returns whether a path starts at a root. `C:x` is not absolute; `\x`, which lacks only the drive, is. */
export function isAbsolutePath(path: string, style: PathStyle = PATH_STYLE): boolean {
  const root = rootOf(path, style);
  return root !== "" && !/^[a-z]:$/i.test(root);
}

/**
 * Appends a relative path to a directory; "" is the directory itself. On Windows the result has one kind of separator: "\\" if
 * the directory contains one.
 */
export function joinPath(directory: string, path: string, style: PathStyle = PATH_STYLE): string {
  if (path === "") return directory;
  const joined = directory === "" || isSeparator(directory[directory.length - 1], style)
    ? directory + path
    : `${directory}/${path}`;
  return style === "windows" && directory.includes("\\") ? withBackslashes(joined) : joined;
}

/**
 * Returns the absolute path of a path that a user typed. On Windows, `C:x` is relative to `base` if that is on drive C,
 * otherwise to the root of the drive: only the shell knows the current directory of each drive.
 *
 * @param base Absolute path.
 */
export function resolvePath(base: string, path: string, style: PathStyle = PATH_STYLE): string {
  if (isAbsolutePath(path, style)) return style === "windows" && path.includes("\\") ? withBackslashes(path) : path;
  const drive = style === "windows" && /^[a-z]:/i.exec(path)?.[0];
  if (!drive) return joinPath(base, path, style);
  const isSame = base.slice(0, 2).toLowerCase() === drive.toLowerCase();
  return joinPath(isSame ? base : `${drive}\\`, path.slice(2), style);
}

/** Returns whether a path other than "/" ends in a separator. */
export function hasTrailingSlash(path: string, style: PathStyle = PATH_STYLE): boolean {
  return path.length > 1 && isSeparator(path[path.length - 1], style);
}

/** Removes separators at the end, except those of a root, such as "/" and "C:\". */
export function withoutTrailingSlashes(path: string, style: PathStyle = PATH_STYLE): string {
  const root = rootLength(path, style);
  let end = path.length;
  while (end > root && isSeparator(path[end - 1], style)) end--;
  return path.slice(0, end);
}

/** Returns the last component; "" for a root. */
export function baseName(path: string, style: PathStyle = PATH_STYLE): string {
  const bare = withoutTrailingSlashes(path, style);
  return bare.slice(Math.max(rootLength(bare, style), lastSeparator(bare, style) + 1));
}

/** Returns the path without its last component; "." if there is only one component; a root for itself. */
export function directoryOf(path: string, style: PathStyle = PATH_STYLE): string {
  const bare = withoutTrailingSlashes(path, style);
  const root = rootLength(bare, style);
  const at = Math.max(root, lastSeparator(bare, style));
  return at === 0 ? "." : withoutTrailingSlashes(bare.slice(0, at), style);
}

/** Returns the root of a path as typed, such as "/", `C:\\`, `C:` and `\\\\server\\share\\`; "" for none. */
export function rootOf(path: string, style: PathStyle = PATH_STYLE): string {
  return path.slice(0, rootLength(path, style));
}

/** Replaces each "/" by "\\", as Windows shows paths. */
export function withBackslashes(path: string): string {
  return path.replaceAll("/", "\\");
}

/** Returns the components of a path, without empty ones and ".". */
export function componentsOf(path: string, style: PathStyle = PATH_STYLE): string[] {
  return path.split(style === "windows" ? /[\\/]/ : "/").filter((name) => name !== "" && name !== ".");
}

/** Splits a path below a root, with "/" on every system. @returns the directory, "" for none, and the last component. */
export function splitRelativePath(path: string): { directory: string; name: string } {
  const at = path.lastIndexOf("/");
  return { directory: path.slice(0, Math.max(0, at)), name: path.slice(at + 1) };
}

/** Returns the path of a `file:` URL. */
export function pathOfFileUrl(url: URL, style: PathStyle = PATH_STYLE): string {
  const path = decodeURIComponent(url.pathname);
  if (style !== "windows") return path;
  return url.host === "" ? path.replace(/^\/(?=[a-z]:)/i, "") : `//${url.host}${path}`;
}

/** Returns the index of the last separator; -1 for none. */
export function lastSeparator(path: string, style: PathStyle = PATH_STYLE): number {
  const slash = path.lastIndexOf("/");
  return style === "windows" ? Math.max(slash, path.lastIndexOf("\\")) : slash;
}

/** Matches `\\?\UNC\server\share\`, `\\server\share\`, `\\?\C:\`, `C:\`, `C:` and `\`. */
const ROOT_ON_WINDOWS =
  /^(?:[\\/]{2}[?.][\\/]UNC[\\/][^\\/]+[\\/]+[^\\/]+[\\/]?|[\\/]{2}[^\\/]+[\\/]+[^\\/]+[\\/]?|[a-z]:[\\/]?|[\\/])/i;

/** Returns the number of characters of the root. */
function rootLength(path: string, style: PathStyle): number {
  if (style === "posix") return path.startsWith("/") ? 1 : 0;
  return ROOT_ON_WINDOWS.exec(path)?.[0].length ?? 0;
}
