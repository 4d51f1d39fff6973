/**
 * Returns whether a version, such as "2.9.6" or "6.1.0-18-amd64", is this one or a later one. Only major and minor number
 * count. Text that is not a version is not.
 */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor, ownMinor] = version.split(/[.-]/).map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
