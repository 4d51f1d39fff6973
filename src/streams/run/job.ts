/** The work of the streams of a transfer. Plain data, because it crosses threads. */

import type { DirectionKey } from "../../crypto/cipher.ts";
import type { CodecName } from "../../protocol/codec_names.ts";
import type { ModeChange } from "../../protocol/control/mode_changes.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { SharedCompletions } from "../../resume/run/completion_log.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import type { TargetOptions } from "../../files/engine/target_options.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { AttributeRules } from "../receive/announced_attributes.ts";
import type { SharedLimit } from "../shared_limit.ts";

/** The streams send files of this machine. */
export interface SendRole {
  type: "send";
  roots: SourceRoot[];
  /** Whether the receiver preserves permissions. */
  preserve: boolean;
  /** Whether the receiver gets the names of owners. Default: false. */
  ownerNames?: boolean;
  /** Whether it gets the names in access control lists too. Default: false. */
  listNames?: boolean;
  /** Changes of modes. Default: none. */
  chmod?: readonly ModeChange[];
  /** Whether symbolic links below the roots are followed. */
  follow: boolean;
  /** Whether holes and blocks of zeros are sent as holes. */
  sparse: boolean;
  /** Whether the receiver, on this machine, copies large files directly (shared_file.ts). */
  offersLocalCopy: boolean;
  /** Codec for compression; undefined: contents are sent uncompressed. */
  codec?: CodecName;
  /** Whether reports of packs contain sizes, CRC-32 and SHA-256 of what was sent. Default: false. */
  keepsContents?: boolean;
}

/** The streams write files of this machine. */
export interface ReceiveRole extends AttributeRules {
  type: "receive";
  roots: TargetRoot[];
  options: TargetOptions;
  /** Codecs that the sender may use. */
  codecs: readonly CodecName[];
  /** Process on this machine whose open files may be copied directly; undefined: none. */
  localCopyPid?: number;
  /**
   * Comparison of entries before they are sent; undefined: the sender must not request it. A dry run allows nothing else.
   */
  comparison?: Comparison;
  /** Whether the sender may request that written files are verified. */
  verify: boolean;
  /** Whether files may arrive in pieces of packs. Default: false. */
  pieces?: boolean;
  /** Whether reports contain the paths and digests of written files. */
  digests: boolean;
  /** Whether reports contain the files that are up to date, because this run finishes what shards have written. */
  finishes?: boolean;
  /** Record of this copy and of what earlier runs have finished; undefined: no record is kept. */
  completions?: SharedCompletions;
}

/** The streams pass frames between two other hosts. No file of this machine is used. */
export interface RelayRole {
  type: "relay";
}

/** Role of this machine. */
export type StreamRole = SendRole | ReceiveRole | RelayRole;

/** Job of all streams of a transfer. */
export interface StreamJob {
  role: StreamRole;
  /** Engines that this process has chosen. */
  cipherEngine: "native" | "portable";
  fileEngine: "native" | "portable";
  /** Whether this end uses synthetic files. */
  dummy?: boolean;
  /** Size of a block of a large file, in bytes. */
  blockBytes: number;
  /** Rate limit of a sender, or of a receiver whose host limits its clients; undefined: unlimited. */
  limit?: SharedLimit;
  /** Congestion control of the connections of a sender or relay, such as "bbr". Default: that of the system. */
  congestion?: string;
  /** Maximum time without progress on a connection before the stream breaks. In milliseconds. */
  idleTimeoutMs: number;
}

/** Keys of a connection after its handshake. */
export interface ConnectionKeys {
  /** Key of the frames that this end sends. */
  sendKey: DirectionKey;
  /** Key of the frames that this end receives. */
  receiveKey: DirectionKey;
}

/** Number of frames in each direction that belong to the handshake. They use the same keys. */
export const HANDSHAKE_FRAMES = 1;
