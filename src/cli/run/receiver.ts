/** `escp --receiver`: the remote end. Standard input and output are the control channel, standard error is the user's terminal. */

import { UserError } from "../../errors.ts";
import { formatLogRecord, Log, logLevelFor } from "../../log/log.ts";
import { ControlLost } from "../../session/model/control_errors.ts";
import { serve } from "../../transfer/remote/end.ts";
import { checkLog } from "../../transfer/remote/session_limits.ts";
import { writeStderr } from "../../log/write_all.ts";
import type { KnownSignal } from "../../native/process/signals.ts";
import type { CopyLog } from "../copy_log.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import type { ReceiverOptions } from "../options/receiver_command.ts";
import { FILE_SIZE, StopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import type { SessionReporter } from "./session_reporter.ts";

/**
 * Serves one session. The client reports errors to the user.
 *
 * @param problem reason why this host cannot serve a session: an invalid configuration file.
 */
export async function runReceiver(options: ReceiverOptions, problem?: UserError): Promise<number> {
  const { engine, threads, local, served, onePort, address, ports, limits, output } = options;
  const print = (line: string) => writeStderr(line + "\n");
  let log = new Log({ level: logLevelFor(output), sink: (record) => print(formatLogRecord(record)) });
  let file: CopyLog | undefined;
  let guarded: Promise<{ parent?: number }> | undefined;
  let reporter: SessionReporter | undefined;
  using stop = new StopSignals();
  try {
    const affinity = await setAffinity(options);
    await serve({
      engine,
      threads,
      software: VERSION,
      local,
      onePort,
      address,
      // The ports of this host take precedence over those that the client requests.
      ports: limits.ports ?? ports,
      problem: problem ?? affinity.problem,
      limits,
      input: Deno.stdin.readable,
      output: Deno.stdout.writable,
      awaiting() {
        guarded = guard({ local, served });
      },
      async begun(session) {
        if (served) reporter = new (await import("./session_reporter.ts")).SessionReporter();
        stop.listenAfter(LISTEN_AFTER_MS, { guardAfterMs: 0, ...await guarded });
        if (session.log !== undefined) {
          checkLog(session.log, limits);
          const { openCopyLog } = await import("../copy_log.ts");
          const { expandTilde } = await import("../../files/path/tilde.ts");
          const path = local ? session.log : expandTilde(session.log);
          const host = local ? undefined : Deno.hostname();
          file = openCopyLog({ ...output, log: path, host, noFifo: true }, print);
          log = file.log;
        }
        log.session = session.id;
        affinity.notes.forEach((note) => log.warn(note));
      },
      note: (text) => log.info(text),
      tasked: (task) => reporter?.begin(task),
      emit(event) {
        file?.onEvent(event);
        reporter?.onEvent(event);
      },
      signal: stop.signal,
    });
    reporter?.end();
    return EXIT_STATUS.ok;
  } catch (error) {
    reporter?.end(error);
    // The client has reported the error. It is printed again only with -v.
    log.info(error instanceof ControlLost ? "the client has disconnected" : String(error));
    return EXIT_STATUS.failed;
  } finally {
    file?.[Symbol.dispose]();
  }
}

/** Time after the start during which signals have their default dispositions: there is nothing to clean up. In milliseconds. */
const LISTEN_AFTER_MS = 500;

/**
 * Prepares for blocked system calls, before this process accesses the first file.
 *
 * @returns as `endWithInput`.
 */
async function guard({ local, served }: Pick<ReceiverOptions, "local" | "served">): Promise<{ parent?: number }> {
  const [{ ignoreSignals }, { endWithInput }] = await Promise.all([
    import("../../native/process/signals.ts"),
    import("../end_with_channel.ts"),
  ]);
  // A terminal also signals the client or server on this machine, which then closes the control channel.
  const ofTerminal: KnownSignal[] = local || served ? ["SIGINT", "SIGHUP"] : [];
  // A server finishes its sessions after SIGTERM, which a service manager may send to all its processes.
  ignoreSignals([...FILE_SIZE, ...ofTerminal, ...(served ? ["SIGTERM" as const] : [])]);
  return endWithInput();
}

/** Sets the CPU and memory affinity of the configuration, before threads are started. */
async function setAffinity({ limits }: ReceiverOptions): Promise<{ notes: string[]; problem?: UserError }> {
  if (!limits.cpumask && !limits.nodemask) return { notes: [] };
  const cpuAffinity = await import("../../native/process/cpu_affinity.ts");
  try {
    return { notes: cpuAffinity.setAffinity(limits) };
  } catch (problem) {
    if (!(problem instanceof UserError)) throw problem;
    return { notes: [], problem };
  }
}
