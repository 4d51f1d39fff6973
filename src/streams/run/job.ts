/** What every stream of a transfer works with. Plain data: it crosses threads. */

import type { DirectionKey } from "../../crypto/cipher.ts";
import type { CodecName } from "../../protocol/coding.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { SharedCompletions } from "../../resume/run/completion_log.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import type { TargetOptions } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { SharedLimit } from "../shared_limit.ts";

/** One direction's work. */
export type StreamRole =
  | {
    type: "send";
    roots: SourceRoot[];
    /** Whether the receiver preserves permissions. */
    preserve: boolean;
    /** Whether symbolic links below the roots are followed. */
    follow: boolean;
    /** Holes, and blocks of zeros, are sent as such. */
    sparse: boolean;
    /** The receiver, on this machine, copies ranged files by itself (lent.ts). */
    lends: boolean;
    /** Compresses; none: everything goes as it is. */
    codec?: CodecName;
    /** Reports of packs have what was sent: sizes, CRC-32 and SHA-256. Default false. */
    keepsContents?: boolean;
  }
  | {
    type: "receive";
    roots: TargetRoot[];
    options: TargetOptions;
    /** What the sender may compress with. */
    codecs: readonly CodecName[];
    /** Process on this machine that lends its files; undefined: none does. */
    lender?: number;
    /** The sender may ask before it sends; in a dry run it only asks. */
    comparison?: Comparison;
    /** The sender may ask about what is written. */
    verify: boolean;
    /** Reports tell which files were written, and their digests. */
    digests: boolean;
    /** Where this copy is remembered, in case that it is run again; and what earlier runs have finished. */
    memory?: SharedCompletions;
  }
  /** Between two other hosts: no file of this one is touched. */
  | { type: "relay" };

/** The same for all streams of a transfer. */
export interface StreamJob {
  role: StreamRole;
  /** Engines that this process has chosen already. */
  cipherEngine: "native" | "portable";
  fileEngine: "native" | "portable";
  /** Files are dummies on this end. */
  dummy?: boolean;
  blockBytes: number;
  /** Of a sender; undefined: as fast as it goes. */
  limit?: SharedLimit;
  /** Congestion control of the connections of a sender or relay, such as "bbr"; undefined: what the system has. */
  congestion?: string;
  /** Reads and writes on a connection that get nowhere for so long break the stream. */
  idleTimeoutMs: number;
}

/** One stream: its number and keys. One frame has gone each way already. */
export interface StreamKeysOf {
  index: number;
  sendKey: DirectionKey;
  receiveKey: DirectionKey;
}

/** Frames that have gone each way when a stream begins its work: the proofs. */
export const FRAMES_BEFORE = 1;
