/** What `--doctor` does: one session in which nothing is copied, and everything measured that a copy depends on. */

import type { CipherName } from "../crypto/cipher.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import { ProtocolError, UserError } from "../errors.ts";
import { NoLogin } from "../session/model/no_login.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";
import type { StreamCount } from "../session/model/stream_count.ts";
import type { Reach } from "../ssh/reach.ts";
import { type OpenPeer, withPeer } from "../transfer/client/peer_end.ts";
import { Examination } from "./examination.ts";
import type { Facts, Step, StepFacts } from "./step.ts";

/** What is examined, and how. */
export interface DoctorOptions {
  peer: PeerCommand;
  reach: Reach;
  family?: 4 | 6;
  engine: EngineChoice;
  threads?: number;
  cipher: CipherName;
  helloTimeoutMs?: number;
  timeoutMs: number;
  /** As many as a copy would have. */
  streams: StreamCount;
  blockBytes?: number;
  /** Congestion control of whoever sends. */
  congestion?: string;
  /** Whose disk is measured there; "" is the home folder. */
  folderThere: string;
  /** The same here; absolute. */
  folderHere: string;
  /** How long each measurement takes, or somewhat longer. */
  ms: number;
  /** Version of this escp. */
  version: string;
  /** Hears of each step when it is over. */
  tell: (step: Step) => void;
  /** Ends it early; its reason is thrown. */
  signal: AbortSignal;
}

/** What came of it. */
export interface Diagnosis {
  facts: Facts;
  /** What ended it early, or one of the steps that failed; undefined: a copy would work. */
  error?: unknown;
}

/** Examines. @throws what is a bug, and the reason of the signal. */
export async function examine(options: DoctorOptions): Promise<Diagnosis> {
  options.signal.throwIfAborted();
  const { streams } = options;
  const facts: Facts = {
    host: options.peer.name,
    streams: streams.few,
    ...(options.congestion === undefined ? {} : { congestion: options.congestion }),
    system: {},
    throughput: [],
    disk: {},
    cipher: {},
  };
  const state: { failed?: unknown } = {};
  const current: { step: StepFacts } = { step: { step: "login", host: facts.host } };
  const tell = (step: Step) => {
    if (step.status === "fail") state.failed ??= new UserError(step.problem ?? step.step, { hint: step.hint });
    options.tell(step);
  };
  try {
    const open: OpenPeer = {};
    await withPeer(options, open, (peer) => {
      const examination = new Examination(options, facts, { tell, begin: (step) => current.step = step });
      return examination.run(peer, open);
    });
  } catch (error) {
    if (options.signal.aborted || !(error instanceof UserError || error instanceof ProtocolError)) throw error;
    const hint = error instanceof UserError ? error.hint : undefined;
    // Something has answered, but it was no escp that could be used.
    if (current.step.step === "login" && !(error instanceof NoLogin)) {
      options.tell({ ...current.step, status: "ok" });
      current.step = { step: "escp", versionHere: options.version };
    }
    options.tell({ ...current.step, status: "fail", problem: error.message, ...(hint ? { hint } : {}) });
    return { facts, error };
  }
  return { facts, error: state.failed };
}
