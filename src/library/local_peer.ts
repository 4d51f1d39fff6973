/**
 * The remote end of a copy on this machine, in this process. A library cannot start the executable or the main module again,
 * because they are the user's program.
 */

import { openCopyLog } from "../cli/copy_log.ts";
import { VERSION } from "../cli/version.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import type { PeerChild, PeerCommand } from "../session/model/peer_process.ts";
import { serve } from "../transfer/remote/end.ts";

/** Options of a remote end in this process. */
export interface LocalPeerOptions {
  engine: EngineChoice;
  /** Number of Workers for its streams. Default: depends on the cores of this machine. */
  threads?: number;
  /** Whether the client is on this machine, so that paths are taken literally. Default: true. */
  local?: boolean;
}

/** Returns the command for the remote end. Both ends have a control channel in memory, and data connections on loopback. */
export function localPeer(options: LocalPeerOptions): PeerCommand {
  return { program: "escp", args: [], name: "this machine", isEnd: true, startHere: () => startRemoteEnd(options) };
}

/** Starts a remote end in this process. It ends when its control channel is closed. */
export function startRemoteEnd(options: LocalPeerOptions): PeerChild {
  const [toPeer, toClient] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const stop = new AbortController();
  const pipes = { input: toPeer.readable, output: toClient.writable };
  const status = serveHere({ ...options, ...pipes, signal: stop.signal }).then(() => 0, () => 1).then(async (code) => {
    // An exiting process closes its ends of both pipes too.
    await Promise.all([toClient.writable.close().catch(() => {}), toPeer.readable.cancel().catch(() => {})]);
    return { success: code === 0, code, signal: null };
  });
  return {
    stdin: toPeer.writable as Deno.ChildProcess["stdin"],
    stdout: toClient.readable as Deno.ChildProcess["stdout"],
    stderr: ReadableStream.from<Uint8Array>([]) as Deno.ChildProcess["stderr"],
    status,
    kill: () => stop.abort(new Error("The remote end was stopped")),
  };
}

/** Serves one session. @throws as `serve`. The client reports the error. */
async function serveHere(
  { local = true, ...options }: LocalPeerOptions & {
    input: ReadableStream<Uint8Array>;
    output: WritableStream<Uint8Array>;
    signal: AbortSignal;
  },
): Promise<void> {
  using log = new LateLog();
  await serve({
    ...options,
    software: VERSION,
    local,
    clientPid: Deno.pid,
    limits: {},
    awaiting: () => {},
    begun: (session) => Promise.resolve(session.log === undefined ? undefined : log.open(session.id, session.log)),
    emit: (event) => log.file?.onEvent(event),
    note: (text) => log.file?.log.info(text),
  });
}

/** The log file of the session, once it is open. */
class LateLog implements Disposable {
  file: ReturnType<typeof openCopyLog> | undefined;

  /** @throws {UsageError} */
  open(session: string, path: string): void {
    this.file = openCopyLog({ log: path, noFifo: true, quiet: true, verbose: 0 }, () => {});
    this.file.log.session = session;
  }

  [Symbol.dispose](): void {
    this.file?.[Symbol.dispose]();
  }
}
