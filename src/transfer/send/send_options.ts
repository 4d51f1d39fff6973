/** Options of a sender, on either end. */

import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot, WalkOptions } from "../../files/engine/source.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { Session } from "../../session/model/session.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { TransferEvent } from "../events.ts";
import type { Machine } from "../machine.ts";

/** A source root and the operand that named it. */
export interface NumberedRoot extends SourceRoot {
  operand: number;
  /** The target of this root alone. */
  target?: string;
}

/** Session, sources and options of a sender. */
export interface SendOptions {
  session: Session;
  files: FileEngine;
  roots: NumberedRoot[];
  /** Salt of the job, for the comparison of hosts. */
  salt: string;
  /** Number of operands that the user named. */
  operands: number;
  /** Number of operands that could not be found or copied. Each failure was reported already. */
  notFound: number;
  walk: WalkOptions;
  /** Whether holes are sent as holes. */
  sparse: boolean;
  /** Receives the files in place and their digests; undefined: no digests are computed. */
  listing?: CopyListing;
  /** Called with whether the target is the name of the only root, and not the directory that contains it. */
  placed?: (renamed: boolean) => void;
  /** Whether both ends read written files again and compare them. */
  verify: boolean;
  /** How the receiver compares entries before they are sent; undefined: everything is sent. */
  comparison?: Comparison;
  /** Number of streams. On the remote end the client decides. */
  streams: StreamCount;
  workers: Machine["workers"];
  blockBytes: number;
  /** Whether to compress, if the receiver can decompress. */
  compress: boolean;
  /** Whether a receiver on this machine may copy large files directly. Default false. */
  lends?: boolean;
  /** Whether the receiver may continue partial files of an earlier copy. */
  resume: boolean;
  /** Called with the reason why the receiver cannot resume this copy. */
  unresumable?: (reason: string) => void;
  /** Maximum bytes per second of all streams together; 0: unlimited. */
  bytesPerSecond: number;
  /** Congestion control of the streams. */
  congestion?: string;
  idleTimeoutMs: number;
  /** Receives all events of this end. */
  emit: (event: TransferEvent) => void;
}
