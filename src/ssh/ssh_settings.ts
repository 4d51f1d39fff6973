/** What ssh makes of its configuration for a host: `ssh -G`. */

import { startChild, stopChild } from "../native/process/child.ts";
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
    const child = startChild(options.program, { args, stdin: "null", stdout: "piped", stderr: "null" });
    // Not only until ssh has ended: what it has started may hold its output open.
    let timer: ReturnType<typeof setTimeout>;
    const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, PATIENCE_MS));
    const output = await Promise.race([child.output(), patience]).finally(() => clearTimeout(timer));
    if (!output) stopChild(child, "SIGKILL");
    if (!output?.success) return settings;
    for (const line of new TextDecoder().decode(output.stdout).split("\n")) {
      const [key, value] = line.trim().split(" ", 2);
      if (key === "hostname" && value) settings.hostname = value;
      if (key === "ciphers" && value) settings.ciphers = value.split(",");
    }
  } catch {
    // No ssh, or another program in its place: the session's own ssh tells the user.
  }
  return settings;
}
