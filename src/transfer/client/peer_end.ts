/** A session with a peer from its start to its end, and what the user is told when it ends too early. */

import { isUrgent, StartError } from "../../errors.ts";
import type { ClientSession } from "../../session/model/client_session.ts";
import { ControlLost, ControlSilent, PeerAbort } from "../../session/model/control_channel.ts";
import { type PeerCommand, PeerProcess } from "../../session/model/peer_process.ts";
import { settleWithin } from "../../async/settle_within.ts";
import { RemoteError, SessionLost } from "../transfer_errors.ts";

/** How long the other end may take to leave when it has been told to. */
const GOODBYE_MS = 5_000;

/** What is there of a session so far. */
export interface OpenPeer {
  session?: ClientSession;
}

/**
 * Starts a peer, works with it, and sees it off, however that ends.
 *
 * @param work puts the session into `open` when there is one.
 * @returns what the work returns.
 * @throws what ended it early, as the user is to be told, or the reason of the signal.
 */
export async function withPeer<Result>(
  { peer: command, signal }: { peer: PeerCommand; signal: AbortSignal },
  open: OpenPeer,
  work: (peer: PeerProcess) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const peer = new PeerProcess(command);
  let working: Promise<Result> | undefined;
  try {
    working = work(peer);
    working.catch(() => {});
    return await Promise.race([working, abortOf(signal)]);
  } catch (error) {
    throw await explain(error, peer, signal);
  } finally {
    await seeOff([{ peer, session: open.session }], working, signal);
  }
}

/** Maximum time to end sessions after SIGTERM, so that the process exits within 2 s. In milliseconds. */
const URGENT_MS = 1_400;

/** Ends the sessions with peers and waits for the work to end; if the signal is urgent, for a shorter time. */
export async function seeOff(
  sides: readonly { peer: PeerProcess; session?: ClientSession }[],
  work: Promise<unknown> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const ending = (async () => {
    await Promise.all(sides.map(({ peer, session }) => leave(peer, session)));
    await settled(work);
  })();
  if (!isUrgent(signal)) return await ending;
  await settleWithin(URGENT_MS, ending);
  for (const { peer } of sides) peer.abandon();
}

/** The other end leaves by itself when its control channel closes; it gets some time for that. */
async function leave(peer: PeerProcess, session: ClientSession | undefined): Promise<void> {
  session?.close();
  if (session) await Promise.race([session.control.close(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  else peer.kill();
  await Promise.all([peer.end(GOODBYE_MS), session?.gone()]);
}

/** What the user is told when the session ended early. */
export async function explain(error: unknown, peer: PeerProcess, signal: AbortSignal): Promise<unknown> {
  if (error instanceof PeerAbort) {
    // Ctrl-C reaches an end on this machine too, which says so.
    if (await isStopped(signal)) return signal.reason;
    const { message, code, hint } = error;
    if (code === "start") return new StartError(`Cannot start on ${peer.name}: ${message}`, { hint, cause: error });
    if (code === "lost") return new SessionLost(peer.name, `it says: ${message}`);
    return new RemoteError(peer.name, message, error);
  }
  if (!(error instanceof ControlLost)) return error;
  if (error instanceof ControlSilent) {
    peer.kill();
    return new SessionLost(peer.name, `nothing was heard of it for ${error.patienceMs / 1000} s`);
  }
  const ended = await peer.end(GOODBYE_MS);
  // Ctrl-C ends ssh as well: that its session is lost is then no news.
  if (await isStopped(signal)) return signal.reason;
  return new SessionLost(
    peer.name,
    ended.signal ? `it ended with signal ${ended.signal}` : `it ended with status ${ended.code}`,
  );
}

/**
 * Whether somebody has asked this process to stop. A busy thread hears of what a signal did to the other end in the turn
 * of its loop in which it would hear of the signal, or earlier: it gets some more turns.
 */
async function isStopped(signal: AbortSignal): Promise<boolean> {
  for (let turn = 0; turn < 5 && !signal.aborted; turn++) await new Promise((resolve) => setTimeout(resolve, 50));
  return signal.aborted;
}

/** How long work that has been told to end may take to remove what it left unfinished. */
const CLEAN_UP_MS = 3_000;

/** Resolves when the work has ended, however it did, or has had its time. */
export async function settled(work: Promise<unknown> | undefined): Promise<void> {
  if (work) await settleWithin(CLEAN_UP_MS, work.catch(() => {}));
}

/** Never resolves; rejects with the signal's reason once it is aborted. For races, where nobody else may await it. */
export function abortOf(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  return aborted;
}
