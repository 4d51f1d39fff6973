/**
 * Runs programs for ARM64 by qemu-user, in private namespaces. In them the kernel starts such programs (binfmt_misc) and
 * finds their libraries, also for child processes. Other processes of the machine are not affected.
 */

import type { Arm64Machine } from "./machine.ts";

const QEMU = "/usr/bin/qemu-aarch64-static";
/** The first 20 bytes of an ELF file for AArch64, and a mask of the relevant bits. */
const MAGIC = "\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00";
const MASK = "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff";

/** Outcome of a run. */
export interface Emulated {
  /** Exit status; undefined if the run exceeded its time limit. */
  code: number | undefined;
  output: string;
  seconds: number;
}

/** Required programs with their Debian packages. */
export const PROGRAMS: Record<string, string> = {
  [QEMU]: "qemu-user-static",
  "/usr/bin/unshare": "util-linux",
  "/usr/bin/npm": "npm",
  "/usr/bin/apt-get": "apt",
};

/** Runs a command to its end and returns both of its outputs as one. Requires root and Linux 6.7 or later. */
export async function emulate(
  machine: Arm64Machine,
  command: readonly string[],
  { seconds, cwd, env }: { seconds: number; cwd?: string; env?: Record<string, string> },
): Promise<Emulated> {
  const inner = [
    "exec </dev/null 2>&1",
    `mount -t overlay overlay -o "lowerdir=${[...machine.libraries, "/usr/lib"].join(":")}" /usr/lib`,
    "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc",
    `printf %s '${`:arm64:M::${MAGIC}:${MASK}:${QEMU}:F`}' >/proc/sys/fs/binfmt_misc/register`,
    'exec "$@"',
  ].join("\n");
  // The maps of the user namespace must be written from outside before its first use.
  const outer = 'echo; read -r go; exec unshare --mount --pid --fork --kill-child --mount-proc sh -ec "$@"';
  const started = performance.now();
  const child = new Deno.Command("unshare", {
    args: ["--user", "sh", "-c", outer, "sh", inner, "sh", ...command],
    cwd,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  for (const map of ["uid_map", "gid_map"]) await Deno.writeTextFile(`/proc/${child.pid}/${map}`, "0 0 65536");
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("go\n"));
  await writer.close();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    // This also kills the first process of the namespace, and with it all others.
    child.kill("SIGKILL");
  }, seconds * 1000);
  const decoder = new TextDecoder();
  let output = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    output += decoder.decode(piece.value, { stream: true });
  }
  const { code } = await child.status;
  clearTimeout(timer);
  return { code: late ? undefined : code, output, seconds: (performance.now() - started) / 1000 };
}
