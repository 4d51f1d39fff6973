/** A copy as the user asked for it: the peer's command line, the terminal, the signals, the exit status. */

import { formatLogRecord, Log, logLevelFor } from "../log/log.ts";
import { selfCommand } from "../session/self_command.ts";
import type { PeerCommand } from "../session/peer_process.ts";
import { formatHost, type Operand } from "../ssh/operand.ts";
import { remoteCommand } from "../ssh/remote_command.ts";
import { sshCommand } from "../ssh/ssh_command.ts";
import { copy } from "../transfer/copy.ts";
import { Terminal } from "../ui/terminal.ts";
import { EXIT_STATUS } from "./exit_status.ts";
import type { Options } from "./options.ts";
import { stopSignals } from "./stop_signals.ts";

/** @returns 0 when everything was copied, 1 when something was not. @throws what ended the copy. */
export async function runCopy(options: Options): Promise<number> {
  const terminal = new Terminal({ quiet: options.quiet, verbose: options.verbose, label: labelOf(options.sources) });
  const log = new Log({
    level: logLevelFor(options),
    sink: (record) => terminal.printLine(formatLogRecord(record)),
  });
  using stop = stopSignals();
  try {
    const { failed } = await copy({
      direction: options.direction === "pull" ? "pull" : "push",
      sources: options.sources.map((source) => source.path),
      target: options.target.path,
      peer: peerCommand(options),
      hostname: options.remote?.host,
      family: familyOf(options),
      engine: options.engine,
      cipher: options.cipher,
      streams: options.streams,
      recursive: options.recursive,
      preserve: options.preserve,
      emit: terminal.onEvent,
      note: (text) => log.info(text),
      begun: (session) => log.session = session,
      signal: stop.signal,
    });
    return failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
  } finally {
    terminal.close();
  }
}

/** ssh, or for a local copy this program itself. */
function peerCommand(options: Options): PeerCommand {
  if (!options.remote) {
    const self = selfCommand();
    const args = [...self.args, "--receiver", "--local-peer", "--engine", options.engine];
    return { program: self.program, args, name: "this machine" };
  }
  const { program, args } = sshCommand(options.ssh, options.remote, remoteCommand(options.remotePath));
  return { program, args, name: formatHost(options.remote) };
}

function familyOf({ ssh }: Options): 4 | 6 | undefined {
  if (!ssh.addressFamily) return undefined;
  return ssh.addressFamily === "ipv4" ? 4 : 6;
}

/** What the progress line is about: the name of the only source. */
function labelOf(sources: readonly Operand[]): string | undefined {
  return sources.length === 1 ? sources[0].path.replace(/\/+$/, "").split("/").pop() || undefined : undefined;
}
