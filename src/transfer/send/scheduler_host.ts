/** What the scheduler and the files that it sends need from the rest of the sender. */

import type { Message } from "../../protocol/control/messages.ts";
import type { PlannedEntry } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { CopyListing } from "../client/copy_listing.ts";

/** Whom the scheduler tells. */
export interface SchedulerHost {
  /** To the receiver, over the control channel. */
  send(message: Message): void;
  /** A path that did not arrive. What failed on the receiver is known there already. */
  failed(failure: Failure, side: "sender" | "receiver"): void;
  note(message: string): void;
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Receives the files in place and their digests. A file that is verified counts as copied only after that. */
  listing?: CopyListing;
  /** What a dry run would do. */
  planned(entry: PlannedEntry): void;
  /** Called before each unit is handed out. The unit waits until the returned promise resolves. */
  turn?: () => Promise<void> | undefined;
}

/** Sizes that shape the units. */
export interface SchedulerOptions {
  streams: number;
  blockBytes: number;
  /** Whether holes are sent as such. Default false. */
  sparse?: boolean;
  /** Whether the receiver may go on with what an earlier copy has left. */
  resume?: boolean;
  /** Whether the digests of all files are wanted. Default false. */
  digests?: boolean;
  /** Whether large files are lent. Default false. */
  offersLocalCopy?: boolean;
}
