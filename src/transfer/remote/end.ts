/** The remote end of a session, `escp --receiver`: whichever way the data goes, it does what the client says. */

import type { EngineChoice } from "../../crypto/engines.ts";
import { isUrgent, ProtocolError, UserError } from "../../errors.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";
import { cutText } from "../../protocol/control/texts.ts";
import type { PortRange } from "../../session/connect/data_port.ts";
import { ControlLost } from "../../session/model/control_channel.ts";
import { openRemoteSession, type RemoteSession } from "../../session/model/remote_session.ts";
// Loaded when the hello is on its way, so that the client need not wait for it: machine.ts, remote_job.ts.
import type { TransferEvent } from "../events.ts";
import type { Machine } from "../machine.ts";
import { abortOf, settled } from "../client/peer_end.ts";
import { TransferLost } from "../transfer_errors.ts";
import { isConfined, type SessionLimits } from "./session_limits.ts";
import { settleWithin } from "../../async/settle_within.ts";

/** Maximum time to send the message that ends the session. In milliseconds. */
const FLUSH_MS = 1_000;
/** The same after SIGTERM, and the maximum time to clean up then, so that the process exits within 2 s. */
const URGENT_FLUSH_MS = 300;
const URGENT_MS = 1_200;

/** How the remote end is started. */
export interface RemoteEndOptions {
  engine: EngineChoice;
  /** Workers for streams; undefined: as many as are good for this machine. */
  threads?: number;
  software: string;
  /** Started by a client on this machine, without ssh. */
  local: boolean;
  /** Ports to listen on; undefined: those that are known, or else any. */
  ports?: PortRange;
  /** Why there can be no session here; the client is told. */
  problem?: UserError;
  /** What this host sets, whatever the client asks for. */
  limits: SessionLimits;
  /** The control channel. */
  input: ReadableStream<Uint8Array>;
  output: WritableStream<Uint8Array>;
  /** Called while the job of the client is awaited, so that what it does delays nothing. */
  awaiting: () => void;
  /** Hears of the session and the file that the client wants its log in. @throws {UserError} when it cannot be opened. */
  begun: (session: { id: string; log?: string }) => Promise<void>;
  /** Hears what happens. */
  emit: (event: TransferEvent) => void;
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
      options.awaiting();
      const { openMachine } = await import("../machine.ts");
      opened.machine = openMachine(options.engine, options.threads);
      return opened.machine.cipher;
    },
    software: options.software,
    local: options.local,
    ports: options.ports,
    confined: isConfined(options.limits),
    problem: options.problem,
    input: options.input,
    output: options.output,
    sshConnection: Deno.env.get("SSH_CONNECTION"),
  });
  const started: { job?: Promise<void> } = {};
  try {
    const aborted = abortOf(options.signal);
    const run = await loadJob(session);
    await options.begun({ id: session.secrets.id.slice(0, 8), log: session.job.log });
    started.job = run(opened.machine!, options);
    await Promise.race([started.job, aborted]);
    await Promise.race([session.control.flushed(), aborted]);
  } catch (error) {
    const code = codeOf(error);
    const hint = error instanceof UserError && error.hint ? cutText(error.hint, MAX_HINT_TEXT) : undefined;
    const message = cutText(error instanceof Error ? error.message : String(error), MAX_MESSAGE_TEXT);
    session.control.send({ type: "abort", code, message, hint });
    // The client may be gone; then this does not resolve, and whoever called ends the process.
    await settleWithin(isUrgent(options.signal) ? URGENT_FLUSH_MS : FLUSH_MS, session.control.flushed());
    throw error;
  } finally {
    session.close();
    session.control.abandon();
    await (isUrgent(options.signal) ? settleWithin(URGENT_MS, settled(started.job)) : settled(started.job));
  }
}

/** What does the job. A copy needs much that cleaning does not. */
async function loadJob(
  session: RemoteSession,
): Promise<(machine: Machine, options: RemoteEndOptions) => Promise<void>> {
  const { job } = session;
  if (job.direction === "clean") {
    const { cleanForClient } = await import("../clean/remote.ts");
    return (machine, options) => cleanForClient(session, job, machine, options);
  }
  const { runJob } = await import("./job.ts");
  return (machine, options) => runJob({ ...session, job }, machine, options);
}

/** The word for the client, which may try again what was only lost. */
function codeOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.code;
  return error instanceof TransferLost || error instanceof ControlLost ? "lost" : "failed";
}
