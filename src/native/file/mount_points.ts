/** Mount points of this process (proc_pid_mountinfo(5)). Linux. */

/** Returns whether a file system, or a single file, is mounted at a path. @param path Absolute, without symbolic links. */
export function isMountPoint(path: string): boolean {
  if (Deno.build.os !== "linux") return false;
  let table = "";
  try {
    table = Deno.readTextFileSync("/proc/self/mountinfo");
  } catch {
    return false;
  }
  const escaped = path.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return table.split("\n").some((line) => line.split(" ", 5)[4] === escaped);
}
