/** Options of `--doctor`. */

import type { CipherName } from "../crypto/cipher.ts";
import type { EngineChoice } from "../crypto/engines.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";
import type { StreamCount } from "../session/model/stream_count.ts";
import type { Reach } from "../ssh/reach.ts";
import type { StepListeners } from "./step.ts";

/** The remote host to examine, and how. */
export interface DoctorOptions extends StepListeners {
  peer: PeerCommand;
  reach: Reach;
  family?: 4 | 6;
  engine: EngineChoice;
  threads?: number;
  cipher: CipherName;
  helloTimeoutMs?: number;
  timeoutMs: number;
  /** Numbers of streams that a copy would use. */
  streams: StreamCount;
  blockBytes?: number;
  /** Congestion control of the sender. */
  congestion?: string;
  /** Directory on the remote disk to measure. "" is the home directory. */
  remoteDirectory: string;
  /** Absolute path of a directory on the local disk to measure. */
  localDirectory: string;
  /** Minimum time of each measurement. In milliseconds. */
  ms: number;
  /** Version of this escp. */
  version: string;
  /** Cancels the examination, which then throws the reason. */
  signal: AbortSignal;
}
