/** Options of a copy that this machine starts. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { TransferEvent } from "../events.ts";
import type { SessionObserver } from "../observer.ts";
import type { RequestedSource } from "../requested_sources.ts";
import type { ShardSums } from "../shard_sums.ts";
import type { CopyRequest } from "./copy_request.ts";
import type { Manifest } from "./manifest.ts";
import type { SharedTarget } from "./reserved_names.ts";

/** Maximum number of given paths that are accessed first in other threads, so that they cannot block the main thread. */
export const MAX_FIRST_STATS = 64;

/** Callbacks of a copy, and the signal that ends it. */
export interface CopyListeners {
  emit: (event: TransferEvent) => void;
  /** Whether the totals are shown to the user. Default: false. */
  showsTotals?: boolean;
  /** Called with the name of the session after both ends have agreed on it. */
  begun: (session: string) => void;
  /** Writes to the log. */
  note: (text: string) => void;
  /** Called with the reason if nothing of this copy can be resumed. */
  unresumable: (why: string) => void;
  /** Collects the digests of copied files. */
  manifest?: Manifest;
  /** Receives the sums of split files, or has those of all shards. */
  shards?: ShardSums;
  /** Observes the sessions, for a report. */
  observer?: SessionObserver;
  /** Ends the copy early; its reason is thrown. */
  signal: AbortSignal;
}

/** Options of a copy between any two hosts. */
export interface SharedCopyOptions extends CopyListeners {
  /** Sources on the sending host. */
  sources: readonly RequestedSource[];
  /** With `listed` in the request: paths in the only source that are copied. */
  listed?: readonly string[];
  /** Target on the receiving host. */
  target: SharedTarget;
  /** Address family of the data connections. Default: both. */
  family?: 4 | 6;
  engine: EngineChoice;
  /** Number of Workers for streams. Default: depends on the cores of this machine. */
  threads?: number;
  cipher: CipherName;
  /** Maximum time of a login. In milliseconds. Undefined if a user may be typing a password. */
  helloTimeoutMs?: number;
  streams: StreamCount;
  request: CopyRequest;
}

/** Options of a copy between this machine and one peer. */
export interface CopyOptions extends SharedCopyOptions {
  direction: "push" | "pull";
  /** Whether sources on this machine may be patterns or begin with "~", because no shell has expanded them. */
  globs: boolean;
  /** Whether the only source is standard input. `sources` is ignored then. */
  fromInput: boolean;
  /** Whether the target is standard output or another open descriptor. `target` is ignored then. */
  toOutput: boolean;
  /** The descriptor. Default: 1. */
  outputDescriptor?: number;
  /** Command that starts the peer. */
  peer: PeerCommand;
  /** Settings to reach the remote host; undefined if the peer is a process on this machine. */
  reach?: Reach;
}
