/** What a receiver needs to know before it starts. */

import type { Confinement } from "../../files/target/confinement.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { CodecName } from "../../protocol/coding.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import type { StateDirectory } from "../../resume/state_directory.ts";
import type { Session } from "../../session/model/session.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { TransferEvent } from "../events.ts";

/** What a receiver works with. */
export interface ReceiveOptions {
  session: Session;
  files: FileEngine;
  /** Of the job. */
  salt: string;
  /** Where to, as the user typed it. */
  target: string;
  /** Operands of the user besides those that the sender knows of. */
  others: number;
  /** The target is standard output instead. */
  toOutput: boolean;
  /** The directory that a relative target begins at. */
  base: string;
  /** Whether `~` means a home directory: not where the local shell has seen it already. */
  tilde: boolean;
  /** What the host confines the session to. */
  confinement?: Confinement;
  /** Number of sources that the sender may offer. */
  mostSources: number;
  /** The sources as they are to be written, when they are what was asked for. @throws {ProtocolError | UserError} */
  acceptSources: (sources: WireSource[]) => WireSource[];
  preserve: boolean;
  /** Extended attributes are set; the engine is ready for them. */
  xattrs: boolean;
  /** Access control lists are set; the engine is ready for them. */
  acls: boolean;
  /** Pages of zeros become holes. */
  sparse: boolean;
  /** Large files may bypass the page cache. */
  direct: boolean;
  /** Whether an interrupted copy is continued, and this one remembered until it is finished. */
  resume: boolean;
  /** Where it is remembered. */
  state: StateDirectory;
  /** Hears why nothing of this copy can be resumed. */
  unresumable?: (why: string) => void;
  /** Everything is on stable storage before it counts as copied. */
  fsync: boolean;
  /** Receives the files in place and their digests, perhaps more than once; undefined: no digests are taken. */
  listing?: CopyListing;
  /** Called with whether the target is the name of the only source. */
  placed?: (renamed: boolean) => void;
  /** What is written is read again and compared. */
  verify: boolean;
  /** What the sender asks before it sends; undefined: it sends everything. */
  comparison?: Comparison;
  umask: number;
  /** How many streams; on the remote end the client says it. */
  streams: StreamCount;
  /** Process on this machine that lends its files; undefined: none does. */
  lender?: number;
  /** What the sender may send a second; 0: as fast as it goes. */
  bytesPerSecond: number;
  workers: (streams: number) => number;
  blockBytes: number;
  /** What the sender may compress with; none: it may not. */
  codecs: readonly CodecName[];
  idleTimeoutMs: number;
  emit: (event: TransferEvent) => void;
}
