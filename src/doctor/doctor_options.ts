/** Options of `--doctor`. */

import type { CipherName } from "../crypto/cipher.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";
import type { StreamCount } from "../session/model/stream_count.ts";
import type { Reach } from "../ssh/reach.ts";
import type { Step } from "./step.ts";

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
  /** Whose disk is measured there; "" is the home directory. */
  directoryThere: string;
  /** The same here; absolute. */
  directoryHere: string;
  /** How long each measurement takes, or somewhat longer. */
  ms: number;
  /** Version of this escp. */
  version: string;
  /** Hears of each step when it is over. */
  tell: (step: Step) => void;
  /** Ends it early; its reason is thrown. */
  signal: AbortSignal;
}
