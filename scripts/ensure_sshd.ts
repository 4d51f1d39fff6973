/** Installs an ssh server for the tests, as root on Debian and derived systems. */

import { exists } from "@std/fs/exists";

const SSHD = "/usr/sbin/sshd";

/**
 * Installs openssh-server if it is missing, without starting it as a service. Does nothing on other systems. Only reports a
 * failure, because tests that need a server are then skipped by name.
 */
export async function ensureSshd(): Promise<void> {
  if (await exists(SSHD) || Deno.build.os !== "linux" || Deno.uid() !== 0 || !await exists("/usr/bin/apt-get")) return;
  console.log("Installing openssh-server for the tests (it is not started as a service)");
  const failure = await install() && (await aptGet("update") || await install());
  if (failure) console.log(`Cannot install openssh-server, so tests that need it are skipped:\n${failure}`);
}

function install(): Promise<string | undefined> {
  return aptGet("install", "--yes", "--no-install-recommends", "openssh-server");
}

/** Runs apt-get. Returns `undefined` after success, else its output. */
async function aptGet(...args: string[]): Promise<string | undefined> {
  const { code, stdout, stderr } = await new Deno.Command("apt-get", {
    args: ["--quiet", "-o", "DPkg::Lock::Timeout=120", ...args],
    // RUNLEVEL=1: invoke-rc.d(8) starts no service in single-user mode.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
  }).output();
  if (code === 0) return undefined;
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}
