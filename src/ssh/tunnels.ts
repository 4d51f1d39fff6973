/** Tunnels through ssh to a TCP port of the remote host that only accepts local connections. */

import { pipesOf } from "../native/net/pipes.ts";
import { ProcessConn } from "../native/process/conn.ts";
import { NO_ANSWER, type Tunnel } from "../net/tunnel.ts";
import type { Reach } from "./reach.ts";
import { remoteStreamCommand } from "./remote_command.ts";
import { sshArguments, type SshCommand } from "./command.ts";
import { type SshSettings, sshSettingsOf } from "./settings.ts";
import { StreamSession } from "./stream_session.ts";

/** Below the defaults of sshd, which refuses more than ten concurrent logins (MaxStartups). */
const MAX_LOGINS = 8;
/** Each stream is an ssh process that can use a whole core, so more streams than cores only wait. */
const MAX_STREAMS = Math.min(MAX_LOGINS, navigator.hardwareConcurrency);

/** Failures of the login itself: another tunnel, which has to log in too, would also fail. */
const LOGIN_FAILED = new RegExp(
  `Permission denied|Host key verification failed|Too many authentication failures|^ssh: |^${NO_ANSWER}`,
  "m",
);

/** Disables questions of the ssh processes for jump hosts, to which BatchMode does not apply (ssh(1)). */
const NO_QUESTIONS = { SSH_ASKPASS: "false", SSH_ASKPASS_REQUIRE: "force" };

/**
 * Returns a function that finds the next tunnel by the failures of the previous ones: first `ssh -W`, then escp in another
 * ssh session, then undefined.
 *
 * @param native Whether the native engine may be used.
 */
export function sshTunnels(
  reach: Reach,
  port: number,
  { native }: { native: boolean },
): (failed: readonly string[]) => Promise<Tunnel | undefined> {
  let login: ReturnType<typeof loginArguments> | undefined;
  return async (failed) => {
    if (failed.length > 1 || failed.some((failure) => LOGIN_FAILED.test(failure))) return undefined;
    const { program, args } = await (login ??= loginArguments(reach));
    const { host } = reach.host;
    const start = (args: string[]) =>
      new ProcessConn(program, args, { env: NO_QUESTIONS, pipesOf: native ? pipesOf : undefined });
    if (failed.length === 0) {
      const forward = [...args, "-W", `127.0.0.1:${port}`, "--", host];
      return { name: "ssh -W", maxStreams: MAX_STREAMS, open: () => start(forward) };
    }
    const session = [...args, "--", host, remoteStreamCommand(reach, port)];
    const name = "escp in another ssh session";
    return { name, maxStreams: MAX_STREAMS, open: () => new StreamSession(start(session)) };
  };
}

/** Returns ssh with the arguments of the session, but without questions, because the copy uses the terminal now. */
async function loginArguments(reach: Reach): Promise<SshCommand> {
  const { ssh, host } = reach;
  const quiet = { ...ssh, batch: true, forwardAgent: false, quiet: false, verbose: 0 };
  // The data is already encrypted, so it does not compress, and the fastest cipher is sufficient.
  // Failures are recognized by the messages of ssh, which a LogLevel of the user must not hide.
  const { program, args } = sshArguments(quiet, host);
  const cipher = ssh.cipher === undefined ? ciphersFor(await sshSettingsOf(reach)) : undefined;
  if (cipher) args.push(`-oCiphers=${cipher}`);
  return { program, args: ["-oCompression=no", "-oLogLevel=INFO", ...args] };
}

/** Returns the ciphers of the user's ssh with AES-128-GCM first; undefined if ssh does not have it. */
function ciphersFor({ ciphers }: SshSettings): string | undefined {
  const fast = ciphers.filter((name) => name.startsWith("aes128-gcm@"));
  if (fast.length === 0) return undefined;
  return [...fast, ...ciphers.filter((name) => !fast.includes(name))].join(",");
}
