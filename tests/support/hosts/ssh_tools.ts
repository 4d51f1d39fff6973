/** Runs the tools of OpenSSH, for comparison. */

import { assert } from "@std/assert";

/** Whether ssh-keygen is installed. */
export const hasSshKeygen = isInstalled("ssh-keygen");

/** Whether ssh-agent and ssh-add are installed. */
export const hasSshAgent = isInstalled("ssh-agent") && isInstalled("ssh-add");

/** Runs a tool and returns its standard output without the last line break. @throws {Error} if it fails. */
export async function runTool(
  name: string,
  args: string[],
  { input = "", env = {} }: { input?: string | Uint8Array<ArrayBuffer>; env?: Record<string, string> } = {},
): Promise<string> {
  const command = new Deno.Command(name, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, `${name} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trimEnd();
}

/** Makes a key pair. @returns the path of the private key; that of the public key ends with ".pub". */
export async function makeKey(
  directory: string,
  { name = "key", type = "ed25519", passphrase = "", comment = "user@host", format = [] as string[] } = {},
): Promise<string> {
  const path = `${directory}/${name}`;
  await runTool("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", comment, "-f", path, ...format]);
  return path;
}

function isInstalled(name: string): boolean {
  try {
    new Deno.Command(name, { args: ["--invalid"], stdin: "null", stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}
