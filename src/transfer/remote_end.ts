/** The remote end of a session, `escp --receiver`: whichever way the data goes, it does what the client says. */

import type { EngineChoice } from "../crypto/engines.ts";
import { ProtocolError } from "../errors.ts";
import { openRemoteSession } from "../session/remote_session.ts";
// Loaded when the hello is on its way, so that the client need not wait for it: machine.ts, remote_job.ts.
import type { Machine } from "./machine.ts";
import { abortOf, settled } from "./peer_end.ts";

/** How the remote end is started. */
export interface RemoteEndOptions {
  engine: EngineChoice;
  /** Workers for streams; undefined: as many as are good for this machine. */
  threads?: number;
  software: string;
  /** Started by a client on this machine, without ssh. */
  local: boolean;
  /** Hears what the remote end does; for its log. */
  note: (text: string) => void;
  /** Ends the session early. */
  signal: AbortSignal;
}

/** Serves one session. @throws what ended it early; the client has been told then, if it can be. */
export async function serve(options: RemoteEndOptions): Promise<void> {
  const opened: { machine?: Machine } = {};
  const session = await openRemoteSession({
    async engine() {
      const { openMachine } = await import("./machine.ts");
      opened.machine = openMachine(options.engine, options.threads);
      return opened.machine.cipher;
    },
    software: options.software,
    local: options.local,
    input: Deno.stdin.readable,
    output: Deno.stdout.writable,
    sshConnection: Deno.env.get("SSH_CONNECTION"),
  });
  const started: { job?: Promise<void> } = {};
  try {
    const aborted = abortOf(options.signal);
    const { runJob } = await import("./remote_job.ts");
    started.job = runJob(session, opened.machine!, options);
    await Promise.race([started.job, aborted]);
    await Promise.race([session.control.flushed(), aborted]);
  } catch (error) {
    const code = error instanceof ProtocolError ? error.code : "failed";
    session.control.send({ type: "abort", code, message: error instanceof Error ? error.message : String(error) });
    // The client may be gone; then this does not resolve, and whoever called ends the process.
    await Promise.race([session.control.flushed(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    throw error;
  } finally {
    session.close();
    session.control.abandon();
    await settled(started.job);
  }
}
