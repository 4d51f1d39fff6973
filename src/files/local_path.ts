/** Paths of this machine as text. "/" everywhere; on Windows "\" too. */

const windows = () => Deno.build.os === "windows";

function lastSeparator(path: string): number {
  const slash = path.lastIndexOf("/");
  return windows() ? Math.max(slash, path.lastIndexOf("\\")) : slash;
}

function isSeparator(char: string): boolean {
  return char === "/" || (char === "\\" && windows());
}

export function isAbsolutePath(path: string): boolean {
  return path.startsWith("/") || (windows() && /^([a-z]:[\\/]|\\)/i.test(path));
}

/** A relative path below a folder; "" is the folder itself. */
export function joinPath(folder: string, path: string): string {
  if (path === "") return folder;
  return folder === "" || isSeparator(folder[folder.length - 1]) ? folder + path : `${folder}/${path}`;
}

export function hasTrailingSlash(path: string): boolean {
  return path.length > 1 && isSeparator(path[path.length - 1]);
}

/** Without slashes at the end; "/" stays. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && isSeparator(path[end - 1])) end--;
  if (windows() && end === 2 && path[1] === ":") return path;
  return path.slice(0, end);
}

/** The last component; "" of "/". */
export function baseName(path: string): string {
  const bare = withoutTrailingSlashes(path);
  return bare.slice(lastSeparator(bare) + 1);
}

/** What stands before the last component; "." when there is nothing. */
export function folderOf(path: string): string {
  const bare = withoutTrailingSlashes(path);
  const at = lastSeparator(bare);
  if (at === -1) return ".";
  return at === 0 ? "/" : withoutTrailingSlashes(bare.slice(0, at + 1));
}
