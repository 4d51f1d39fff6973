/** `escp --receiver`: the remote end. Its standard output is the control channel, its standard error the user's terminal. */

import { UserError } from "../../errors.ts";
import { formatLogRecord, Log, logLevelFor } from "../../log/log.ts";
import { ControlLost } from "../../session/model/control_channel.ts";
import { serve } from "../../transfer/remote/end.ts";
import { checkLog } from "../../transfer/remote/session_limits.ts";
import { writeStderr } from "../../log/write_all.ts";
import type { CopyLog } from "../copy_log.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import type { ReceiverOptions } from "../options/options.ts";
import { FILE_SIZE, StopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/**
 * Serves one session; the client tells the user what went wrong.
 *
 * @param problem Why there can be no session: a configuration file of this host that cannot be used.
 */
export async function runReceiver(options: ReceiverOptions, problem?: UserError): Promise<number> {
  const { engine, threads, verbose, local, ports, limits } = options;
  const print = (line: string) => writeStderr(line + "\n");
  const shown = { verbose, quiet: verbose === 0 };
  let log = new Log({ level: logLevelFor(shown), sink: (record) => print(formatLogRecord(record)) });
  let file: CopyLog | undefined;
  let guarded: Promise<{ parent?: number }> | undefined;
  using stop = new StopSignals();
  try {
    const placed = await place(options);
    await serve({
      engine,
      threads,
      software: VERSION,
      local,
      // What this host says goes before what its client wants.
      ports: limits.ports ?? ports,
      problem: problem ?? placed.problem,
      limits,
      input: Deno.stdin.readable,
      output: Deno.stdout.writable,
      awaiting() {
        guarded = guard(local);
      },
      async begun(session) {
        stop.listenAfter(LISTEN_AFTER_MS, { guardAfterMs: 0, ...await guarded });
        if (session.log !== undefined) {
          checkLog(session.log, limits);
          const { openCopyLog } = await import("../copy_log.ts");
          const { expandTilde } = await import("../../files/path/tilde.ts");
          const path = local ? session.log : expandTilde(session.log);
          file = openCopyLog({ ...shown, file: path, noFifo: true }, print);
          log = file.log;
        }
        log.session = session.id;
        placed.notes.forEach((note) => log.warn(note));
      },
      note: (text) => log.info(text),
      emit: (event) => file?.onEvent(event),
      signal: stop.signal,
    });
    return EXIT_STATUS.ok;
  } catch (error) {
    // The client has been told; only with -v is it said twice.
    log.info(error instanceof ControlLost ? "the client went away" : String(error));
    return EXIT_STATUS.failed;
  } finally {
    file?.[Symbol.dispose]();
  }
}

/** Time after the start during which signals have their default dispositions: no cleanup. In milliseconds. */
const LISTEN_AFTER_MS = 500;

/**
 * Prepares this process for being stuck, before it accesses the first file.
 *
 * @returns as `endWithInput`.
 */
async function guard(local: boolean): Promise<{ parent?: number }> {
  const [{ ignoreSignals }, { endWithInput }] = await Promise.all([
    import("../../native/process/signals.ts"),
    import("../end_with_channel.ts"),
  ]);
  // A terminal also signals the client on this machine, which then closes the control channel.
  ignoreSignals(local ? [...FILE_SIZE, "SIGINT", "SIGHUP"] : FILE_SIZE);
  return endWithInput();
}

/** Puts this process where the configuration wants it, before threads are started. */
async function place({ limits }: ReceiverOptions): Promise<{ notes: string[]; problem?: UserError }> {
  if (!limits.cpumask && !limits.nodemask) return { notes: [] };
  const { setAffinity } = await import("../../native/process/cpu_affinity.ts");
  try {
    return { notes: setAffinity(limits) };
  } catch (problem) {
    if (!(problem instanceof UserError)) throw problem;
    return { notes: [], problem };
  }
}
