/** What ssh makes of its configuration for a host: `ssh -G`. */

import type { RemoteOperand } from "./operand.ts";
import { sshArguments, type SshOptions } from "./ssh_command.ts";

/** Of all that it prints. */
export interface SshSettings {
  /** Where it connects to (HostName). */
  hostname?: string;
  /** Ciphers in the order of preference. */
  ciphers: string[];
}

/** Conditions in the configuration may run programs, which may hang. */
const PATIENCE_MS = 2_000;

/** Asks ssh; empty where it does not know the option, or fails. It takes about 10 ms. */
export async function readSshSettings(
  options: SshOptions,
  host: Pick<RemoteOperand, "host" | "user" | "port">,
): Promise<SshSettings> {
  const settings: SshSettings = { ciphers: [] };
  try {
    const args = ["-G", ...sshArguments({ ...options, verbose: 0 }, host), "--", host.host];
    const child = new Deno.Command(options.program, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const { success, stdout } = await child.output().finally(() => clearTimeout(timer));
    if (!success) return settings;
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const [key, value] = line.trim().split(" ", 2);
      if (key === "hostname" && value) settings.hostname = value;
      if (key === "ciphers" && value) settings.ciphers = value.split(",");
    }
  } catch {
    // No ssh, or another program in its place: the session's own ssh tells the user.
  }
  return settings;
}
