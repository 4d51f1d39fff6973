/** The client of a clean run on a remote host. */

import type { CipherName } from "../../crypto/cipher.ts";
import { type EngineChoice, loadCipherEngine } from "../../crypto/engines.ts";
import { ProtocolError, UserError } from "../../errors.ts";
import type { CleanJob } from "../../protocol/control/job.ts";
import { openClientSession } from "../../session/model/client_session.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import type { CleanListeners, CleanOutcome, CleanRequest } from "./clean.ts";
import { requiredToClean } from "../client/required_features.ts";
import { type OpenPeer, OpenPeers } from "../client/open_peers.ts";
import { TransferLost } from "../transfer_errors.ts";
import { type RequestedSource, sendRequested, sourcesOfJob } from "../requested_sources.ts";

/** Options of a clean run on a remote host. */
export interface CleanHostOptions extends CleanRequest {
  directories: readonly RequestedSource[];
  peer: PeerCommand;
  engine: EngineChoice;
  cipher: CipherName;
  /** Maximum time between messages of the peer. In milliseconds. */
  timeoutMs: number;
  /** Maximum time of the login. In milliseconds. Undefined if a user may be typing a password. */
  helloTimeoutMs?: number;
  /** Path of a log file on the remote host. */
  log?: string;
  /** Called with the name of the session after both ends have agreed on it. */
  begun: (session: string) => void;
  signal: AbortSignal;
}

/** Cleans directories of a remote host. @throws {unknown} The error that ended the run. */
export async function cleanHost(
  options: CleanHostOptions,
  listeners: Pick<CleanListeners, "removed" | "failed">,
): Promise<CleanOutcome> {
  try {
    await using peers = new OpenPeers(options.signal);
    const peer = peers.start(options.peer);
    return await peers.run(() => run(options, peer, listeners));
  } catch (error) {
    if (!(error instanceof TransferLost)) throw error;
    throw new UserError(error.message, { cause: error, hint: "Run the same command again" });
  }
}

async function run(
  options: CleanHostOptions,
  peer: OpenPeer,
  { removed, failed }: Pick<CleanListeners, "removed" | "failed">,
): Promise<CleanOutcome> {
  const { directories, olderThanMs, dryRun, timeoutMs, log } = options;
  const job: CleanJob = {
    direction: "clean",
    ...sourcesOfJob(directories),
    records: true,
    olderThanMs,
    timeoutMs,
    dryRun: dryRun || undefined,
    log,
  };
  const session = await openClientSession(peer.process, {
    job,
    cipher: options.cipher,
    engine: loadCipherEngine(options.engine).engine,
    needed: requiredToClean(job),
    note: () => {},
    timeoutMs,
    helloTimeoutMs: options.helloTimeoutMs,
  });
  peer.session = session;
  options.begun(session.secrets.id.slice(0, 8));
  await sendRequested(session, directories);
  const { control } = session;
  const seen: CleanOutcome = { files: 0, bytes: 0, failed: 0, kept: 0 };
  for (;;) {
    const message = await control.expect("removed", "failed", "cleaned");
    if (message.type === "failed") {
      seen.failed++;
      failed(message.failure);
    } else if (message.type === "removed") {
      for (const entry of message.entries) {
        seen.files++;
        seen.bytes += entry.bytes;
        removed(entry);
      }
    } else {
      const { files, bytes, failed, kept } = message;
      if (files !== seen.files || bytes !== seen.bytes || failed !== seen.failed) {
        throw new ProtocolError("bad-totals", "Inconsistent totals from the remote end");
      }
      control.send({ type: "bye" });
      await control.flushed();
      return { ...seen, kept };
    }
  }
}
