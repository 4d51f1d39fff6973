/** `escp --receiver`: the remote end. Its standard output is the control channel, its standard error the user's terminal. */

import { formatLogRecord, Log, logLevelFor } from "../log/log.ts";
import { ControlLost } from "../session/control_channel.ts";
import { serve } from "../transfer/remote_end.ts";
import { writeStderr } from "../ui/stderr.ts";
import { EXIT_STATUS } from "./exit_status.ts";
import type { ReceiverOptions } from "./options.ts";
import { stopSignals } from "./stop_signals.ts";
import { VERSION } from "./version.ts";

/** Serves one session; the client tells the user what went wrong. */
export async function runReceiver({ engine, threads, verbose, local }: ReceiverOptions): Promise<number> {
  const log = new Log({
    level: logLevelFor({ verbose, quiet: verbose === 0 }),
    sink: (record) => writeStderr(formatLogRecord(record) + "\n"),
  });
  using stop = stopSignals();
  try {
    await serve({ engine, threads, software: VERSION, local, note: (text) => log.info(text), signal: stop.signal });
    return EXIT_STATUS.ok;
  } catch (error) {
    // The client has been told; only with -v is it said twice.
    log.info(error instanceof ControlLost ? "the client went away" : String(error));
    return EXIT_STATUS.failed;
  }
}
