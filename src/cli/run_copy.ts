/** A copy as the user asked for it: the peer's command line, the terminal, the signals, the exit status. */

import { selfCommand } from "../session/self_command.ts";
import type { PeerCommand } from "../session/peer_process.ts";
import { formatHost, formatOperand, type Operand } from "../ssh/operand.ts";
import { remoteCommand } from "../ssh/remote_command.ts";
import { sshCommand } from "../ssh/ssh_command.ts";
import { copy, type CopyOptions } from "../transfer/copy.ts";
import type { Outcome } from "../transfer/send.ts";
import { Terminal } from "../ui/terminal.ts";
import { openCopyLog } from "./copy_log.ts";
import { EXIT_STATUS, exitStatusOf } from "./exit_status.ts";
import type { Options, RemoteHost } from "./options.ts";
import { VERSION } from "./version.ts";
import { stopSignals } from "./stop_signals.ts";

/** @returns 0 when everything was copied, 1 when something was not. @throws what ended the copy. */
export async function runCopy(options: Options): Promise<number> {
  const report = options.json ? await jsonReport(options) : undefined;
  // Whoever reads JSON gets no second story on the terminal; what failed is on stderr all the same.
  const terminal = new Terminal({
    quiet: options.quiet || options.json,
    verbose: options.verbose,
    label: labelOf(options.sources),
  });
  using logging = openCopyLog({ ...options, file: options.log }, (line) => terminal.printLine(line));
  const { log } = logging;
  using stop = stopSignals();
  if (options.direction === "origin") {
    const { runOnOrigin } = await import("./run_on_origin.ts");
    return await runOnOrigin(options, stop.signal);
  }
  try {
    const { failed } = await start(options, {
      emit: (event) => {
        report?.onEvent(event);
        logging.onEvent(event);
        terminal.onEvent(event);
      },
      begun: (session) => log.session = session,
      note: (text) => log.info(text),
      signal: stop.signal,
    });
    return failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logging.onEvent({ type: "failed", path: "", message });
    report?.fail(message, exitStatusOf(error));
    throw error;
  } finally {
    terminal.close();
  }
}

type Listeners = Pick<CopyOptions, "emit" | "begun" | "note" | "signal">;

/** Between this machine and another end, or between two other hosts. */
async function start(options: Options, listeners: Listeners): Promise<Outcome> {
  const { engine, cipher, streams, recursive, preserve, symlinks, hardlinks, filters, bytesPerSecond } = options;
  const { remote, origin } = options;
  const shared = {
    sources: options.sources.map((source) => source.path),
    target: options.target.path,
    family: familyOf(options),
    engine,
    threads: options.threads,
    cipher,
    streams,
    request: { recursive, preserve, symlinks, hardlinks, filters, bytesPerSecond },
    ...listeners,
  };
  if (options.direction === "relay") {
    const { relay } = await import("../transfer/relay.ts");
    return await relay({
      ...shared,
      from: { peer: peerCommand(options, origin), hostname: origin!.host },
      to: { peer: peerCommand(options, remote), hostname: remote!.host },
    });
  }
  return await copy({
    ...shared,
    // In a local copy the other end cannot have this one's standard output, so it is the sender then.
    direction: options.direction === "pull" || options.toOutput ? "pull" : "push",
    fromInput: options.fromInput,
    toOutput: options.toOutput,
    peer: peerCommand(options, remote),
    hostname: remote?.host,
  });
}

/** ssh, or for a local copy this program itself. */
function peerCommand(options: Options, host: RemoteHost | undefined): PeerCommand {
  if (!host) {
    const self = selfCommand();
    const args = [...self.args, "--receiver", "--local-peer", "--engine", options.engine];
    return { program: self.program, args, name: "this machine" };
  }
  const { program, args } = sshCommand(options.ssh, host, remoteCommand(options.remotePath));
  return { program, args, name: formatHost(host) };
}

function familyOf({ ssh }: Options): 4 | 6 | undefined {
  if (!ssh.addressFamily) return undefined;
  return ssh.addressFamily === "ipv4" ? 4 : 6;
}

async function jsonReport(options: Options) {
  const { JsonReport } = await import("../ui/json_report.ts");
  const encoder = new TextEncoder();
  const output = {
    write(line: string) {
      const bytes = encoder.encode(line);
      for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
    },
    now: () => performance.now(),
  };
  const sources = options.sources.map(formatOperand);
  return new JsonReport(output, { version: VERSION, sources, target: formatOperand(options.target) });
}

/** What the progress line is about: the name of the only source. */
function labelOf(sources: readonly Operand[]): string | undefined {
  return sources.length === 1 ? sources[0].path.replace(/\/+$/, "").split("/").pop() || undefined : undefined;
}
