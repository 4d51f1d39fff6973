/** The client's story of cleaning on another host: escp there does it, and tells what it has done. */

import type { CipherName } from "../../crypto/cipher.ts";
import { type EngineChoice, loadCipherEngine } from "../../crypto/engines.ts";
import { ProtocolError, UserError } from "../../errors.ts";
import type { CleanJob } from "../../protocol/control/job.ts";
import { openClientSession } from "../../session/model/client_session.ts";
import type { PeerCommand, PeerProcess } from "../../session/model/peer_process.ts";
import type { CleanListeners, CleanOutcome, CleanRequest } from "./clean.ts";
import { requiredToClean } from "../client/required_features.ts";
import { type OpenPeer, withPeer } from "../client/peer_end.ts";
import { TransferLost } from "../transfer_errors.ts";
import { type RequestedSource, sendRequested, sourcesOfJob } from "../requested_sources.ts";

export interface CleanHostOptions extends CleanRequest {
  directories: readonly RequestedSource[];
  peer: PeerCommand;
  engine: EngineChoice;
  cipher: CipherName;
  /** Silence of the other end that ends the session, in milliseconds. */
  timeoutMs: number;
  /** How long the login may take; undefined where somebody may be typing a password. */
  helloTimeoutMs?: number;
  /** A log file of the other side, as that names it. */
  log?: string;
  /** Hears the session's name once there is one. */
  begun: (session: string) => void;
  signal: AbortSignal;
}

/** Cleans directories of another host. @throws what ended it. */
export async function cleanHost(
  options: CleanHostOptions,
  listeners: Pick<CleanListeners, "removed" | "failed">,
): Promise<CleanOutcome> {
  try {
    const open: OpenPeer = {};
    return await withPeer(options, open, (peer) => run(options, peer, listeners, open));
  } catch (error) {
    if (!(error instanceof TransferLost)) throw error;
    throw new UserError(error.message, { cause: error, hint: "Run the same command again" });
  }
}

async function run(
  options: CleanHostOptions,
  peer: PeerProcess,
  { removed, failed }: Pick<CleanListeners, "removed" | "failed">,
  open: OpenPeer,
): Promise<CleanOutcome> {
  const { directories, olderThanMs, dryRun, timeoutMs, log } = options;
  const job: CleanJob = {
    direction: "clean",
    ...sourcesOfJob(directories),
    records: true,
    olderThanMs,
    timeoutMs,
    ...(dryRun && { dryRun }),
    ...(log !== undefined && { log }),
  };
  const session = await openClientSession(peer, {
    job,
    cipher: options.cipher,
    engine: loadCipherEngine(options.engine).engine,
    needed: requiredToClean(job),
    tell: () => {},
    timeoutMs,
    helloTimeoutMs: options.helloTimeoutMs,
  });
  open.session = session;
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
        throw new ProtocolError("bad-totals", "Cannot believe the other side: it counts what it has not told");
      }
      control.send({ type: "bye" });
      await control.flushed();
      return { ...seen, kept };
    }
  }
}
