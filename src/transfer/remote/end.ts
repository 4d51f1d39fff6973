/** The remote end of a session, `escp --receiver`. It sends, receives or cleans as the client requests. */

import { abortable } from "../../async/abortable.ts";
import { settleWithin } from "../../async/settle_within.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { isUrgent, messageOf, ProtocolError, UserError } from "../../errors.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";
import { cutText } from "../../protocol/control/texts.ts";
import type { PortRange } from "../../ssh/port_range.ts";
import { ControlLost } from "../../session/model/control_errors.ts";
import { openRemoteSession, type RemoteSession } from "../../session/model/remote_session.ts";
import type { TransferEvent } from "../events.ts";
// machine.ts and job.ts are loaded after the hello was sent, so that the client does not wait for them.
import type { Machine } from "../machine.ts";
import { TransferLost } from "../transfer_errors.ts";
import { isConfined, type SessionLimits, type SessionTask } from "./session_limits.ts";

/** Maximum time to send the message that ends the session. In milliseconds. */
const FLUSH_MS = 1_000;
/** Maximum time for an aborted job to remove unfinished files. In milliseconds. */
const CLEAN_UP_MS = 3_000;
/** The same times after SIGTERM, so that the process exits within 2 s. In milliseconds. */
const URGENT_FLUSH_MS = 300;
const URGENT_CLEAN_UP_MS = 1_200;

/** Settings, channel and callbacks of a remote end. */
export interface RemoteEndOptions {
  engine: EngineChoice;
  /** Number of Workers for streams. Default: depends on the cores of this machine. */
  threads?: number;
  /** Version of escp. */
  software: string;
  /** Whether a client on this machine has started this end without ssh. */
  local: boolean;
  /** Whether data connections come from this machine only, because a server passes them on. Default: false. */
  onePort?: boolean;
  /** Address of this machine to listen on. Default: all. */
  address?: string;
  /** Process of a client on this machine. Default: the parent process. */
  clientPid?: number;
  /** Ports to listen on. Default: the registered ports, or else any. */
  ports?: PortRange;
  /** Reason why this host cannot serve a session. It is sent to the client. */
  problem?: UserError;
  /** Limits that this host sets for all clients. */
  limits: SessionLimits;
  /** Control channel. */
  input: ReadableStream<Uint8Array>;
  output: WritableStream<Uint8Array>;
  /** Called after the hello was sent, so that its work delays nothing. */
  awaiting: () => void;
  /** Called with the session and the path of its log file. @throws {UserError} if the file cannot be opened. */
  begun: (session: { id: string; log?: string }) => Promise<void>;
  /** Called with the task of the client, again if further paths have arrived. */
  tasked?: (task: SessionTask) => void;
  emit: (event: TransferEvent) => void;
  /** Writes to the log. */
  note: (text: string) => void;
  /** Ends the session early. */
  signal: AbortSignal;
}

/** Serves one session. @throws {unknown} The error that ended the session early. The client has received it if possible. */
export async function serve(options: RemoteEndOptions): Promise<void> {
  const { signal } = options;
  const machine = new LoadedMachine(options);
  const session = await openRemoteSession({
    async engine() {
      options.awaiting();
      return (await machine.load()).cipher;
    },
    software: options.software,
    local: options.local,
    onePort: options.onePort,
    address: options.address,
    ports: options.ports,
    confined: isConfined(options.limits),
    problem: options.problem,
    input: options.input,
    output: options.output,
    sshConnection: Deno.env.get("SSH_CONNECTION"),
  });
  let job: Promise<void> | undefined;
  try {
    const run = await loadJob(session);
    await options.begun({ id: session.secrets.id.slice(0, 8), log: session.job.log });
    job = run(await machine.load(), options);
    await abortable(job, signal);
    await abortable(session.control.flushed(), signal);
  } catch (error) {
    session.control.send({ type: "abort", ...abortReason(error) });
    // If the client has exited, this times out, and the caller ends the process.
    await settleWithin(isUrgent(signal) ? URGENT_FLUSH_MS : FLUSH_MS, session.control.flushed());
    throw error;
  } finally {
    session.close();
    session.control.abandon();
    await settleWithin(isUrgent(signal) ? URGENT_CLEAN_UP_MS : CLEAN_UP_MS, Promise.resolve(job).catch(() => {}));
  }
}

/** The engines of this machine, loaded once. */
class LoadedMachine {
  readonly #options: Pick<RemoteEndOptions, "engine" | "threads">;
  #machine: Promise<Machine> | undefined;

  constructor(options: Pick<RemoteEndOptions, "engine" | "threads">) {
    this.#options = options;
  }

  load(): Promise<Machine> {
    return this.#machine ??= import("../machine.ts").then(({ openMachine }) =>
      openMachine(this.#options.engine, this.#options.threads)
    );
  }
}

/** Loads the code of the job. A copy needs much more than a clean run. */
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

function abortReason(error: unknown): { code: string; message: string; hint?: string } {
  const hint = error instanceof UserError && error.hint ? cutText(error.hint, MAX_HINT_TEXT) : undefined;
  const message = cutText(messageOf(error), MAX_MESSAGE_TEXT);
  return { code: codeOf(error), message, hint };
}

/** Returns the code for the client, which retries only after "lost". */
function codeOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.code;
  return error instanceof TransferLost || error instanceof ControlLost ? "lost" : "failed";
}
