/** Ways through ssh to a TCP port that is open to the host itself only. */

import type { Tunnel } from "../net/tunnel.ts";
import { pipesOf } from "../native/net/pipes.ts";
import { ProcessConn } from "../native/process/process_conn.ts";
import { NO_ANSWER } from "../net/tunnel.ts";
import type { Reach } from "./reach.ts";
import { remoteStreamCommand } from "./remote_command.ts";
import { sshArguments } from "./ssh_command.ts";
import { readSshSettings, type SshSettings } from "./ssh_settings.ts";
import { StreamSession } from "./stream_session.ts";

/** sshd drops logins beyond ten at a time (MaxStartups), and sessions beyond ten of a connection (MaxSessions). */
const MAX_LOGINS = 8;
/** Each is an ssh of its own, which keeps a core busy, and takes a moment of one to start: more of them only wait. */
const MAX_STREAMS = Math.min(MAX_LOGINS, navigator.hardwareConcurrency);

/** ssh could not log in, or is still at it: another way that logs in is none. */
const NO_LOGIN = new RegExp(
  `Permission denied|Host key verification failed|Too many authentication failures|^ssh: |^${NO_ANSWER}`,
  "m",
);

/** BatchMode is for one ssh; those that it starts to get through jump hosts would still ask on the terminal (ssh(1)). */
const NO_QUESTIONS = { SSH_ASKPASS: "false", SSH_ASKPASS_REQUIRE: "force" };

/**
 * Finds the way to try behind those that failed, undefined behind the last: `ssh -W`, then escp in a session of its own.
 * It is given what those said.
 *
 * @param native whether the native engine may be used.
 */
export function sshTunnels(
  reach: Reach,
  port: number,
  { native }: { native: boolean },
): (failed: readonly string[]) => Promise<Tunnel | undefined> {
  let login: ReturnType<typeof loginArguments> | undefined;
  return async (failed) => {
    if (failed.length > 1 || failed.some((said) => NO_LOGIN.test(said))) return undefined;
    const { program, args } = await (login ??= loginArguments(reach));
    const { host } = reach.host;
    const start = (args: string[]) =>
      new ProcessConn(program, args, { env: NO_QUESTIONS, pipesOf: native ? pipesOf : undefined });
    if (failed.length === 0) {
      const forward = [...args, "-W", `127.0.0.1:${port}`, "--", host];
      return { name: "ssh -W", maxStreams: MAX_STREAMS, open: () => start(forward) };
    }
    const session = [...args, "--", host, remoteStreamCommand(reach.remotePath, port)];
    const name = "escp in a further ssh session";
    return { name, maxStreams: MAX_STREAMS, open: () => new StreamSession(start(session)) };
  };
}

/** As for the session's own ssh, but nobody is asked: the terminal belongs to the copy by now. */
async function loginArguments({ ssh, host }: Reach): Promise<{ program: string; args: string[] }> {
  const quiet = { ...ssh, batch: true, forwardAgent: false, quiet: false, verbose: 0 };
  // What comes along is sealed already: it cannot be compressed, and the quickest cipher will do.
  const args = ["-oCompression=no", ...sshArguments(quiet, host)];
  const cipher = ssh.cipher === undefined ? ciphersFor(await readSshSettings(ssh, host)) : undefined;
  if (cipher) args.push(`-oCiphers=${cipher}`);
  return { program: ssh.program, args };
}

/** Those that the user's ssh takes, AES-GCM first; undefined where that changes nothing. */
function ciphersFor({ ciphers }: SshSettings): string | undefined {
  const fast = ciphers.filter((name) => name.startsWith("aes128-gcm@"));
  if (fast.length === 0) return undefined;
  return [...fast, ...ciphers.filter((name) => !fast.includes(name))].join(",");
}
