/** Configuration files of the host that a suite copies to and from. */

import type { Scene } from "./scene.ts";
import { writeWrapper } from "./shell_script.ts";
import { writeTree } from "./temp_tree.ts";

/** Writes the remote user's configuration; disposing removes it. */
export async function remoteConfig({ sshd }: Scene, text: string): Promise<AsyncDisposable & { path: string }> {
  const directory = `${sshd.home}/.config/escp`;
  await writeTree(directory, { "config.yaml": text });
  return {
    path: `${directory}/config.yaml`,
    async [Symbol.asyncDispose]() {
      await Deno.remove(`${sshd.home}/.config`, { recursive: true });
    },
  };
}

/** Why there can be no other /etc/escp.conf here; undefined when there can. */
export const systemConfigProblem: string | undefined = findProblem();

/**
 * Writes an escp that sees this text as /etc/escp.conf, in a mount namespace of its own: the machine's /etc stays as it
 * is, and no variable that a client could set has a say.
 *
 * @returns its path.
 */
export async function writeEscpWithSystemConfig(directory: string, escp: string, text: string): Promise<string> {
  await writeTree(directory, { "etc/escp.conf": text });
  const script = 'mount -t overlay overlay -o "lowerdir=$1:/etc" /etc && shift && exec "$@"';
  return await writeWrapper(`${directory}/escp`, ["unshare", "-m", "sh", "-c", script, "sh", `${directory}/etc`, escp]);
}

function findProblem(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "not root on Linux";
  try {
    const script = "mount -t overlay overlay -o lowerdir=/usr:/etc /etc";
    const { success } = new Deno.Command("unshare", { args: ["-m", "sh", "-c", script], stderr: "null" }).outputSync();
    return success ? undefined : "no mount namespaces with overlays";
  } catch {
    return "no unshare";
  }
}
