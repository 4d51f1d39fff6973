/** Options of a copy between this machine and one other end. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { AskedSource } from "./asked_sources.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { CopyRequest } from "./copy_request.ts";
import type { TransferEvent } from "../events.ts";
import type { Manifest } from "./manifest.ts";
import type { SharedTarget } from "./reserved_names.ts";

/** One copy between this machine and one other end. */
export interface CopyOptions {
  direction: "push" | "pull";
  /** On the sending side. */
  sources: readonly AskedSource[];
  /** Whether sources on this side may be patterns: where no shell has seen them. */
  globs: boolean;
  /** On the receiving side. */
  target: SharedTarget;
  /** The only source is standard input, whatever `sources` says. */
  fromInput: boolean;
  /** The target is standard output, whatever `target` says. */
  toOutput: boolean;
  /** How the other end is started. */
  peer: PeerCommand;
  /** How the other host is reached; undefined when the other end is a process on this machine. */
  reach?: Reach;
  family?: 4 | 6;
  engine: EngineChoice;
  /** Workers for streams; undefined: as many as are good for this machine. */
  threads?: number;
  cipher: CipherName;
  /** How long the login may take; undefined where somebody may be typing a password. */
  helloTimeoutMs?: number;
  streams: StreamCount;
  request: CopyRequest;
  /** Is told what was put in place. */
  manifest?: Manifest;
  /** Hears what happens. */
  emit: (event: TransferEvent) => void;
  /** Hears the session's name once there is one. */
  begun: (session: string) => void;
  /** Goes to the log. */
  note: (text: string) => void;
  /** Hears why nothing of this copy can be resumed. */
  unresumable: (why: string) => void;
  /** Ends the copy early; its reason is thrown. */
  signal: AbortSignal;
}
