/** The client's story: start the other end, agree on a session, send or receive, and end it properly. */

import { explainLoss } from "./lost_copy.ts";
import { type OpenPeer, withPeer } from "./peer_end.ts";
import type { Outcome } from "../totals.ts";
import { type CopyOptions } from "./copy_options.ts";

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
