/** A copy between two other hosts through this one. Each host has its own session. No file of this machine is used. */

import { checkCongestion } from "../../native/net/congestion.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import {
  type ClientSession,
  type ClientSessionOptions,
  openClientSession,
} from "../../session/model/client_session.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import type { Reach } from "../../ssh/reach.ts";
import { checkPaths } from "../client/accept_sources.ts";
import type { SharedCopyOptions } from "../client/copy_options.ts";
import { jobOptions } from "../client/copy_request.ts";
import { explainLoss } from "../client/lost_copy.ts";
import { OpenPeers } from "../client/open_peers.ts";
import { missingFeatures, requiredFeatures } from "../client/required_features.ts";
import { type Machine, openMachine } from "../machine.ts";
import { type ObservedPeer, UNOBSERVABLE } from "../observer.ts";
import { sendRequested, sourcesOfJob, withPaths } from "../requested_sources.ts";
import type { Outcome } from "../totals.ts";
import { RelayedTransfer } from "./transfer.ts";

/** One of the two hosts. */
export interface RelayHostOptions {
  peer: PeerCommand;
  reach: Reach;
}

/** A copy from one host to another. */
export interface RelayOptions extends SharedCopyOptions {
  from: RelayHostOptions;
  to: RelayHostOptions;
}

/** Copies between the hosts. Counts and reports failed paths. @throws {unknown} The error that ends the transfer. */
export async function relay(options: RelayOptions): Promise<Outcome> {
  const machine = await openMachine(options.engine, options.threads);
  await using peers = new OpenPeers(options.signal);
  const copy = new RelayedCopy(options, peers, machine);
  try {
    return await peers.run(() => copy.run());
  } catch (error) {
    throw copy.explain(error);
  }
}

class RelayedCopy {
  readonly #options: RelayOptions;
  readonly #peers: OpenPeers;
  readonly #machine: Machine;
  /** Open sessions: with the sender, then with the receiver. */
  readonly #sessions: ClientSession[] = [];
  #isUnresumable = false;

  constructor(options: RelayOptions, peers: OpenPeers, machine: Machine) {
    this.#options = options;
    this.#peers = peers;
    this.#machine = machine;
  }

  async run(): Promise<Outcome> {
    const { note, begun, request, target } = this.#options;
    await checkPaths(this.#options);
    const sources = withPaths(this.#options);
    this.#machine.notes.forEach(note);
    if (request.congestion !== undefined) checkCongestion(request.congestion);
    const shared = jobOptions(request);
    // One after the other, because both may ask for a password on the same terminal.
    const from = await this.#open(this.#options.from, { direction: "pull", ...sourcesOfJob(sources), ...shared });
    await sendRequested(from, sources);
    begun(from.secrets.id.slice(0, 8));
    // The receiver would map those users and groups in access control lists that own files, and no others.
    const unmapped = from.features.includes("acl-owners") ? [] : ["acl-owners"];
    const without = this.#options.observer ? [...unmapped, ...UNOBSERVABLE] : unmapped;
    const to = await this.#open(this.#options.to, { direction: "push", target: target.path, ...shared }, without);
    await using transfer = new RelayedTransfer(from, to, {
      ...this.#options,
      machine: this.#machine,
      blockBytes: shared.blockBytes,
      unresumable: (why) => this.#setUnresumable(why),
    });
    await transfer.agree();
    await transfer.openStreams();
    const finished = await transfer.passMessages();
    return await transfer.finish(finished);
  }

  /** Adds the consequences for the copy to an error. */
  explain(error: unknown): unknown {
    const { to, request } = this.#options;
    const [, receiver] = this.#sessions;
    const unmarked = !receiver || receiver.features.includes("resume") ? undefined : to.peer.name;
    const finishing = this.#sessions.some(({ control }) => control.finishing);
    const isUsedUp = this.#peers.hasUsedUp;
    return explainLoss(error, { ...request, unmarked, unresumable: this.#isUnresumable, isUsedUp }, { finishing });
  }

  #setUnresumable(why: string): void {
    this.#isUnresumable = true;
    this.#options.unresumable(`escp on ${this.#options.to.peer.name} ${why}`);
  }

  /** @param without features that the session must not use. */
  async #open(
    { peer: command, reach }: RelayHostOptions,
    job: CopyJob,
    without?: ClientSessionOptions["without"],
  ): Promise<ClientSession> {
    const { cipher, family, helloTimeoutMs, sources, request, emit, observer } = this.#options;
    const peer = this.#peers.start(command);
    const observed: ObservedPeer = { name: command.name, part: job.direction === "pull" ? "sender" : "receiver" };
    const session = await openClientSession(peer.process, {
      job,
      needed: requiredFeatures({ job, sources, reach }),
      without,
      cipher,
      engine: this.#machine.cipher,
      reach,
      note: (message) => emit({ type: "note", message }),
      family,
      timeoutMs: request.timeoutMs,
      helloTimeoutMs,
      opened: observer && ((stream) => observer.streamOpened(stream, observed)),
    });
    peer.session = session;
    observer?.sessionOpened(session, { ...observed, machine: this.#machine });
    this.#sessions.push(session);
    // The login to the receiver is the last one.
    if (this.#sessions.length === 2) emit({ type: "opening", host: command.name });
    for (const message of missingFeatures(request, session.features, command.name)) emit({ type: "note", message });
    return session;
  }
}
