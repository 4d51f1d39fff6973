/** The client's story: start the other end, agree on a session, send or receive, and end it properly. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { AskedSource } from "./asked_sources.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { CopyRequest } from "./copy_request.ts";
import { explainLoss } from "./lost_copy.ts";
import type { TransferEvent } from "../events.ts";
import { type OpenPeer, withPeer } from "./peer_end.ts";
import type { Manifest } from "./manifest.ts";
import type { Outcome } from "../send/send.ts";
import type { SharedTarget } from "./shared_target.ts";

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

/** Copies. @throws what ended it; what failed with single paths was emitted and is counted in the outcome. */
export async function copy(options: CopyOptions): Promise<Outcome> {
  const open: OpenPeer = {};
  let isUnresumable = false;
  const unresumable = (why: string) => {
    isUnresumable = true;
    options.unresumable(why);
  };
  try {
    return await withPeer(options, open, async (peer) => {
      // ssh logs in while this end loads its own code and gets its engines ready.
      const { runSession } = await import("./client_job.ts");
      return await runSession({ ...options, unresumable }, peer, open);
    });
  } catch (error) {
    const { session } = open;
    const { direction, fromInput, toOutput, request: { resume, recursive } } = options;
    // Before there is a session nothing was made there.
    const isMarked = direction === "pull" || !session || session.features.includes("resume");
    const unmarked = isMarked ? undefined : options.peer.name;
    const lost = { resume, recursive, fromInput, toOutput, unmarked, unresumable: isUnresumable };
    throw explainLoss(error, lost, { finishing: session?.control.finishing ?? false });
  }
}
