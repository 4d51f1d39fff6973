/** Options of a receiver, on either end. */

import type { Confinement } from "../../files/target/confinement.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import type { Session } from "../../session/model/session.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { AgreedOptions } from "../agreed_options.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { TransferEvent } from "../events.ts";
import type { Machine } from "../machine.ts";
import type { ShardSums } from "../shard_sums.ts";

/** Session, target and options of a receiver. */
export interface ReceiveOptions {
  session: Session;
  /** Its `files` are those of the target, ready for extended attributes if the job has them. */
  machine: Machine;
  job: AgreedOptions;
  /** The target as the user typed it, without the host. */
  target: string;
  /** Number of operands of the user that the sender does not know. */
  others: number;
  /** Whether the target is standard output instead. */
  toOutput: boolean;
  /** The descriptor of `toOutput`. Default: 1. */
  outputDescriptor?: number;
  /** Directory of a relative target. */
  base: string;
  /** Whether `~` means a home directory. False if the local shell has expanded it. */
  tilde: boolean;
  /** Directory that the host confines the session to; undefined if there is none. */
  confinement?: Confinement;
  /** Maximum rate that this host accepts, in bytes per second. Default: unlimited. */
  acceptedBytesPerSecond?: number;
  /** Maximum number of sources that the sender may offer. */
  maxSources: number;
  /**
   * Returns the offered sources as they are to be written, if they were requested.
   *
   * @throws {ProtocolError | UserError}
   */
  acceptSources: (sources: WireSource[]) => WireSource[];
  /** Names directly in the target that the sender may write. Default: all. */
  onlyNames?: ReadonlySet<string>;
  /** Receives the files in place and their digests, perhaps repeatedly; undefined: no digests are computed. */
  listing?: CopyListing;
  /** On the client: receives the sums of split files, or has those of all shards. */
  shards?: ShardSums;
  /** Called with whether the target is the name of the only source. */
  placed?: (renamed: boolean) => void;
  /** Called with the reason if nothing of this copy can be resumed. */
  unresumable?: (why: string) => void;
  /** Number of streams; on the remote end the client chooses it. */
  streams: StreamCount;
  /** Process on this machine whose open files this receiver may copy directly; undefined if there is none. */
  localCopyPid?: number;
  emit: (event: TransferEvent) => void;
}
