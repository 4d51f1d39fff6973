/** Callbacks and options of the scheduler and its large files. */

import type { ItemizedEntry, Message, PlannedEntry } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { RangedItem } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { ShardSums } from "../shard_sums.ts";
import type { ConfirmedHost } from "./confirmed_sources.ts";

/** Callbacks of the scheduler. */
export interface SchedulerHost {
  /** Sends a message to the receiver over the control channel. */
  send(message: Message): void;
  /** Sends the owners of a large file that the receiver does not know yet. The file is announced after that. */
  sendOwners?(item: RangedItem): Promise<void> | undefined;
  /** A path did not arrive. The receiver knows its own failures. */
  failed(failure: Failure, side: "sender" | "receiver"): void;
  note(message: string): void;
  /** Returns the name of a root, for messages. */
  rootName(root: number): string;
  /** Receives the files in place and their digests. A file that is verified counts as copied only after that. */
  listing?: CopyListing;
  /** On the client: receives the sums of split files, or has those of all shards. */
  shards?: ShardSums;
  /** Receives the entries whose copies are confirmed; with verification after that. Default: nobody does. */
  confirmed?: ConfirmedHost;
  /** A dry run has planned an entry. */
  planned(entry: PlannedEntry): void;
  /** With `itemize`: reports the change of an entry. */
  itemized?(entry: ItemizedEntry): void;
  /** Called before each unit is handed out. The unit waits until the returned promise resolves. */
  turn?: () => Promise<void> | undefined;
}

/** Options that determine the units. */
export interface SchedulerOptions {
  streams: number;
  blockBytes: number;
  /** Whether holes are sent as holes. Default: false. */
  sparse?: boolean;
  /** Whether the receiver may continue partial files of an earlier run. Default: false. */
  resume?: boolean;
  /** Permissions of standard input. Default: 0o666. */
  inputMode?: number;
  /** Whether the receiver preserves attributes. Default: false. */
  preserve?: boolean;
  /** Whether the digests of all files are listed. Default: false. */
  digests?: boolean;
  /** Whether large files that exist with other contents are sent as changes. Default: false. */
  delta?: boolean;
  /** Whether large files may be sent in pieces of packs. Default: false. */
  pieces?: boolean;
  /** Whether the receiver copies large files locally. Default: false. */
  offersLocalCopy?: boolean;
}
