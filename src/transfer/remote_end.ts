/** The remote end of a session, `escp --receiver`: whichever way the data goes, it does what the client says. */

import { ProtocolError } from "../errors.ts";
import { openRemoteSession, type RemoteSession } from "../session/remote_session.ts";
import type { TransferEvent } from "./events.ts";
import { type Machine, openMachine } from "./machine.ts";
import { walkOptions } from "./copy_request.ts";
import { findSources } from "./remote_sources.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";
import { LIMITS } from "./transfer_limits.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import { parseFilterRules } from "../files/filter.ts";
import { MAX_BLOCK_BYTES, MAX_STREAMS, MIN_BLOCK_BYTES } from "../protocol/limits.ts";

/** How the remote end is started. */
export interface RemoteEndOptions {
  engine: EngineChoice;
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
  const machine = () => opened.machine ??= openMachine(options.engine);
  const session = await openRemoteSession({
    engine: () => machine().cipher,
    software: options.software,
    local: options.local,
    input: Deno.stdin.readable,
    output: Deno.stdout.writable,
    sshConnection: Deno.env.get("SSH_CONNECTION"),
  });
  try {
    const aborted = new Promise<never>((_, reject) => {
      options.signal.addEventListener("abort", () => reject(options.signal.reason), { once: true });
    });
    await Promise.race([run(session, machine(), options), aborted]);
    await Promise.race([session.control.expect("bye"), aborted]);
  } catch (error) {
    const code = error instanceof ProtocolError ? error.code : "failed";
    session.control.send({ type: "abort", code, message: error instanceof Error ? error.message : String(error) });
    // The client may be gone; then this does not resolve, and whoever called ends the process.
    await Promise.race([session.control.flushed(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    throw error;
  } finally {
    session.close();
  }
}

async function run(session: RemoteSession, machine: Machine, options: RemoteEndOptions) {
  machine.notes.forEach(options.note);
  const { job } = session;
  const emit = (event: TransferEvent) => {
    if (event.type === "failed" || event.type === "note") options.note(event.message);
  };
  const { blockBytes } = job;
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
    throw new ProtocolError("bad-message", `Cannot use blocks of ${blockBytes} bytes`);
  }
  // ssh starts a command in the home folder, and no shell has seen the path that came in the job.
  const base = Deno.cwd();
  const tilde = !options.local;
  const shared = {
    session,
    files: machine.files,
    salt: job.salt,
    blockBytes,
    emit,
    idleTimeoutMs: LIMITS.idleTimeoutMs,
  };
  if (job.direction === "push") {
    await receive({
      ...shared,
      target: job.target,
      toOutput: false,
      base,
      tilde,
      checkSources: () => {},
      preserve: job.preserve,
      umask: machine.umask,
      streams: MAX_STREAMS,
      workers: machine.workers,
    });
    return;
  }
  const found = findSources(
    job.sources,
    { base, tilde, globs: !options.local, recursive: job.recursive },
    machine.files.paths,
  );
  await send({
    ...shared,
    ...found,
    walk: walkOptions({ ...job, filters: parseFilterRules(job.filters) }),
    streams: MAX_STREAMS,
    workers: machine.workers,
  });
}
