/** A copy between this machine and one peer. */

import type { Outcome } from "../totals.ts";
import type { CopyOptions } from "./copy_options.ts";
import { explainLoss } from "./lost_copy.ts";
import { OpenPeers } from "./open_peers.ts";

/** Copies to or from the peer. Counts and reports failed paths. @throws {unknown} The error that ended the copy. */
export async function copy(options: CopyOptions): Promise<Outcome> {
  let isUnresumable = false;
  const unresumable = (why: string) => {
    isUnresumable = true;
    options.unresumable(why);
  };
  const { listed, relative } = options.request;
  if (listed || relative) await (await import("./accept_sources.ts")).checkPaths(options);
  await using peers = new OpenPeers(options.signal);
  const peer = peers.start(options.peer);
  const { reach, helloTimeoutMs, emit } = options;
  // A login that cannot ask for a password leaves the terminal to the progress line.
  if (reach && helloTimeoutMs !== undefined) emit({ type: "opening", host: peer.process.name });
  try {
    return await peers.run(async () => {
      // A login without ssh runs in this thread: load code while it waits for the server.
      await peer.process.timeToLoad();
      const { runSession } = await import("./client_job.ts");
      return await runSession({ ...options, unresumable }, peer);
    });
  } catch (error) {
    const { session } = peer;
    const { direction, fromInput, toOutput, request: { resume, recursive, removesSources } } = options;
    // Without a session, the peer has created nothing.
    const isMarked = direction === "pull" || !session || session.features.includes("resume");
    const unmarked = isMarked ? undefined : options.peer.name;
    const { isUsedUp } = peer.process;
    const lost = {
      resume,
      recursive,
      fromInput,
      toOutput,
      unmarked,
      unresumable: isUnresumable,
      removesSources,
      isUsedUp,
    };
    throw explainLoss(error, lost, { finishing: session?.control.finishing ?? false });
  }
}
