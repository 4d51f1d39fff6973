/** Configuration files of the remote host. */

import type { Scene } from "../scene.ts";
import { writeWrapper } from "../shell_script.ts";
import { writeTree } from "../files/temp_tree.ts";

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

/**
 * Writes a configuration of the client with a remote escp for each of these hosts. A copy between two hosts starts both at
 * the same time.
 *
 * @param escps Path of the remote escp by host.
 * @returns variables of the client.
 */
export async function escpPerHost(scene: Scene, escps: Record<string, string>): Promise<Record<string, string>> {
  const hosts = Object.entries(escps).map(([host, path]) => `  ${host}:\n    remote-path: ${path}\n`);
  return { XDG_CONFIG_HOME: await scene.tree({ "escp/config.yaml": `hosts:\n${hosts.join("")}` }) };
}

/** Reason why /etc/escp.conf cannot be replaced on this system; undefined if it can. */
export const systemConfigProblem: string | undefined = findProblem();

/**
 * Writes an escp that reads this text as /etc/escp.conf, in its own mount namespace. The /etc of the machine stays untouched,
 * and no variable of the client has an effect.
 *
 * @returns The path of the escp.
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
