/**
 * Runs programs for ARM64 by qemu-user, in private namespaces. In them the kernel starts such programs (binfmt_misc) and
 * finds their libraries, also for child processes. Other processes of the machine are not affected.
 */

import type { Arm64System } from "./machine.ts";

/** Path of the emulator. */
export const QEMU = "/usr/bin/qemu-aarch64-static";
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

/** Namespaces in which the kernel starts programs for ARM64. Disposing removes them when their last process has exited. */
export interface EmulatorNamespaces extends AsyncDisposable {
  /** Program and first arguments that run a command in the namespaces. Its working directory is "/". */
  readonly enter: readonly string[];
}

/** Creates namespaces for several commands. See `missingPrerequisites` for what it requires. */
export async function createNamespaces(system: Arm64System): Promise<EmulatorNamespaces> {
  const { child, reader, writer } = await unshare(["--mount"], {}, [setup(system), "echo", "exec cat"].join("\n"));
  if ((await reader.read()).done) {
    throw new Error(`Cannot create namespaces for ARM64: status ${(await child.status).code}`);
  }
  return {
    enter: ["nsenter", `--target=${child.pid}`, "--user", "--mount", "--"],
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
}

/** Runs a command to its end and returns both of its outputs as one. See `missingPrerequisites` for what it requires. */
export async function emulate(
  system: Arm64System,
  command: readonly string[],
  { seconds, cwd, env }: { seconds: number; cwd?: string; env?: Record<string, string> },
): Promise<Emulated> {
  const inner = ["exec </dev/null 2>&1", setup(system), 'exec "$@"'].join("\n");
  const started = performance.now();
  const flags = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const { child, reader, writer } = await unshare(flags, { cwd, env }, inner, ...command);
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

/** Returns a script that makes this namespace one for ARM64. */
function setup({ libraries }: Arm64System): string {
  return [
    `mount -t overlay overlay -o "lowerdir=${[...libraries, "/usr/lib"].join(":")}" /usr/lib`,
    "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc",
    `printf %s '${`:arm64:M::${MAGIC}:${MASK}:${QEMU}:F`}' >/proc/sys/fs/binfmt_misc/register`,
  ].join("\n");
}

/** Runs a script of sh in a new user namespace with all users of this machine, and in others that the flags of unshare(1) name. */
async function unshare(
  flags: string[],
  options: { cwd?: string; env?: Record<string, string> },
  ...script: string[]
) {
  // The maps of the user namespace must be written from outside before its first use.
  const outer = `echo; read -r go; exec unshare ${flags.join(" ")} sh -ec "$@"`;
  const [text, ...args] = script;
  const child = new Deno.Command("unshare", {
    args: ["--user", "sh", "-c", outer, "sh", text, "sh", ...args],
    ...options,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const [reader, writer] = [child.stdout.getReader(), child.stdin.getWriter()];
  await reader.read();
  for (const map of ["uid_map", "gid_map"]) await Deno.writeTextFile(`/proc/${child.pid}/${map}`, "0 0 65536");
  await writer.write(new TextEncoder().encode("go\n"));
  return { child, reader, writer };
}
