/** Peers of a copy and their sessions, from the start of a process to its end. */

import { abortable } from "../../async/abortable.ts";
import { delay } from "../../async/delay.ts";
import { settleWithin } from "../../async/settle_within.ts";
import { isUrgent, StartError } from "../../errors.ts";
import type { ClientSession } from "../../session/model/client_session.ts";
import { ControlLost, ControlSilent, PeerAbort } from "../../session/model/control_errors.ts";
import { type PeerCommand, PeerProcess } from "../../session/model/peer_process.ts";
import { RemoteError, SessionLost } from "../transfer_errors.ts";

/** Maximum time for a peer to exit after its session has ended. In milliseconds. */
const EXIT_MS = 5_000;
/** Maximum time to send what is left on a control channel that is closed. In milliseconds. */
const CLOSE_MS = 1_000;
/** Maximum time for aborted work to remove unfinished files. In milliseconds. */
const CLEAN_UP_MS = 3_000;
/** Maximum time to end sessions after SIGTERM, so that the process exits within 2 s. In milliseconds. */
const URGENT_MS = 1_400;

/** A peer process, and its session once both ends have agreed on it. */
export interface OpenPeer {
  readonly process: PeerProcess;
  session?: ClientSession;
}

/** Peers of one piece of work: one, or two for a copy between remote hosts. Disposing them ends their sessions. */
export class OpenPeers implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #peers: OpenPeer[] = [];
  #work: Promise<unknown> | undefined;

  /** @param signal ends the work early. @throws {unknown} Its reason if it is aborted already. */
  constructor(signal: AbortSignal) {
    signal.throwIfAborted();
    this.#signal = signal;
  }

  /** Starts a peer. @throws {StartError} */
  start(command: PeerCommand): OpenPeer {
    const peer: OpenPeer = { process: new PeerProcess(command) };
    this.#peers.push(peer);
    return peer;
  }

  /** Whether the one-time URL of any peer is used up. */
  get hasUsedUp(): boolean {
    return this.#peers.some(({ process }) => process.isUsedUp);
  }

  /** Runs the work. @throws {unknown} The error as the user should see it, or the reason of the signal. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const working = work();
    this.#work = working;
    try {
      return await abortable(working, this.#signal);
    } catch (error) {
      const peer = this.#peerOf(error);
      const explained = await explain(error, peer, this.#signal);
      if (isOfHost(explained)) explained.host ??= peer?.process.host;
      throw explained;
    }
  }

  /** Ends the sessions and waits until the work has cleaned up; after SIGTERM for a shorter time. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ending = (async () => {
      await Promise.all(this.#peers.map(endSession));
      await settleCleanUp(this.#work);
    })();
    if (!isUrgent(this.#signal)) return await ending;
    await settleWithin(URGENT_MS, ending);
    for (const { process } of this.#peers) process.abandon();
  }

  /** Returns the peer whose session has ended, or for any other error the one that was started last. */
  #peerOf(error: unknown): OpenPeer | undefined {
    if (!(error instanceof PeerAbort || error instanceof ControlLost)) return this.#peers.at(-1);
    return this.#peers.find(({ session }) => session?.control === error.channel);
  }
}

/** Waits until the work has ended, successfully or not, but not longer than CLEAN_UP_MS. */
export async function settleCleanUp(work: Promise<unknown> | undefined): Promise<void> {
  if (work) await settleWithin(CLEAN_UP_MS, work.catch(() => {}));
}

/** Returns whether an error is about the login or the session of a peer. */
function isOfHost(error: unknown): error is StartError | SessionLost | RemoteError {
  return error instanceof StartError || error instanceof SessionLost || error instanceof RemoteError;
}

/** A peer exits when its control channel is closed. If it does not, it is killed. */
async function endSession({ process, session }: OpenPeer): Promise<void> {
  session?.close();
  if (session) await settleWithin(CLOSE_MS, session.control.close());
  else process.kill();
  await Promise.all([process.end(EXIT_MS), session?.gone()]);
}

/** Returns the error that the user should see. */
async function explain(error: unknown, open: OpenPeer | undefined, signal: AbortSignal): Promise<unknown> {
  if (open === undefined) return error;
  const { process: peer, session } = open;
  if (error instanceof PeerAbort) {
    // Ctrl-C also reaches a peer on this machine, which then aborts the session.
    if (await isStopped(signal)) return signal.reason;
    const { message, code, hint } = error;
    if (code === "start") return new StartError(`Cannot start on ${peer.name}: ${message}`, { hint, cause: error });
    if (code === "lost") return new SessionLost(peer.name, `it reports: ${message}`);
    return new RemoteError(peer.name, message, error);
  }
  if (!(error instanceof ControlLost)) return error;
  if (error instanceof ControlSilent) {
    peer.kill();
    const { lastError } = await peer.errors();
    return new SessionLost(peer.name, `no message for ${error.patienceMs / 1000} s`, lastError);
  }
  const ended = await peer.end(EXIT_MS);
  // Ctrl-C also ends ssh. The user needs no message about the lost session then.
  if (await isStopped(signal)) return signal.reason;
  if (peer.route) return lostServer(peer, ended, error, session);
  const how = ended.signal ? `signal ${ended.signal}` : `status ${ended.code}`;
  const { lastError } = await peer.errors();
  // The network rarely fails at this moment. More likely, ssh or the host does not allow the session.
  if (session && !session.control.hasReceived && session.address === undefined) {
    return new StartError(
      `Cannot start escp on ${peer.name}: its session ended right after escp had started (${how})`,
      {
        hint:
          'Run again with -vv; check the ssh settings for this host ("ssh -G HOST") and the limits on the remote host',
        reason: lastError,
        cause: error,
      },
    );
  }
  return new SessionLost(peer.name, `it ended with ${how}`, lastError);
}

/** Returns the error for a connection to a server that has ended. It has no exit status. */
function lostServer(
  { name }: PeerProcess,
  { code }: Deno.CommandStatus,
  cause: unknown,
  session: ClientSession | undefined,
): StartError | SessionLost {
  const how = code === 0 ? "the server ended it" : "the connection broke";
  if (!session || session.control.hasReceived || session.address !== undefined) return new SessionLost(name, how);
  return new StartError(`Cannot start a session at ${name}: ${how} right after its start`, {
    hint: "The log of the server has the reason",
    cause,
  });
}

/**
 * Returns whether a signal has asked this process to stop. Waits for up to 0.25 s, because a busy event loop may handle the
 * end of a peer before the signal that caused it.
 */
async function isStopped(signal: AbortSignal): Promise<boolean> {
  for (let turn = 0; turn < 5 && !signal.aborted; turn++) await delay(50);
  return signal.aborted;
}
