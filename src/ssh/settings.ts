/** Reads the effective configuration of ssh for a host (`ssh -G`). */

import { settleWithin } from "../async/settle_within.ts";
import { startChild, stopChild } from "../native/process/child.ts";
import type { RemoteHost } from "./operand.ts";
import type { Reach } from "./reach.ts";
import { sshArguments, type SshOptions } from "./command.ts";

/** The settings that escp uses. */
export interface SshSettings {
  /** Name or address that ssh connects to (HostName). */
  hostname?: string;
  /** Ciphers in order of preference. */
  ciphers: string[];
  /** Whether ssh goes through another host or program (ProxyJump, ProxyCommand). */
  isProxied: boolean;
}

/** Maximum time for ssh, because conditions in its configuration may run programs that hang. */
const TIMEOUT_MS = 2_000;

const known = new WeakMap<Reach, Promise<SshSettings>>();

/** Returns the settings for a host. Runs ssh only once, because conditions in its configuration may be slow. */
export function sshSettingsOf(reach: Reach): Promise<SshSettings> {
  let reading = known.get(reach);
  if (!reading) known.set(reach, reading = readSshSettings(reach.ssh, reach.host));
  return reading;
}

/** Runs `ssh -G`, which takes about 10 ms. Returns no settings if ssh lacks the option or fails. */
export async function readSshSettings(options: SshOptions, host: RemoteHost): Promise<SshSettings> {
  // "none" overrides the configuration of ssh, which then prints no jump host.
  const settings: SshSettings = { ciphers: [], isProxied: !/^(none)?$/i.test(options.jump ?? "") };
  try {
    const { program, args } = sshArguments({ ...options, verbose: 0 }, host);
    const child = startChild(program, {
      args: ["-G", ...args, "--", host.host],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    // The timeout covers the output too, because a program that ssh has started may keep it open.
    const output = await settleWithin(TIMEOUT_MS, child.output());
    if (!output) stopChild(child, "SIGKILL");
    if (!output?.success) return settings;
    for (const line of new TextDecoder().decode(output.stdout).split("\n")) {
      const [key, value] = line.trim().split(" ", 2);
      if (key === "hostname" && value) settings.hostname = value;
      if ((key === "proxyjump" || key === "proxycommand") && value) settings.isProxied = value !== "none";
      if (key === "ciphers" && value) settings.ciphers = value.split(",");
    }
  } catch {
    // ssh is missing or another program. The session's own ssh reports the error.
  }
  return settings;
}
