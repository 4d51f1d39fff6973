/** A copy between two other hosts through this one. Each host has its own session. No file of this machine is used. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { checkCongestion } from "../../native/net/congestion.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import { type ClientSession, openClientSession } from "../../session/model/client_session.ts";
import { PeerAbort } from "../../session/model/control_channel.ts";
import { type PeerCommand, PeerProcess } from "../../session/model/peer_process.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import type { AskedSource } from "../client/asked_sources.ts";
import type { Reach } from "../../ssh/reach.ts";
import { type CopyRequest, jobOptions } from "../client/copy_request.ts";
import type { TransferEvent } from "../events.ts";
import { explainLoss } from "../client/lost_copy.ts";
import { type Machine, openMachine } from "../machine.ts";
import { missingFeatures, requiredFeatures } from "../client/required_features.ts";
import { abortOf, explain, seeOff } from "../client/peer_end.ts";
import { RelayedTransfer } from "./transfer.ts";
import type { Outcome } from "../totals.ts";
import type { SharedTarget } from "../client/reserved_names.ts";
import { sendRequested, sourcesOfJob } from "../requested_sources.ts";

/** One of the two hosts. */
export interface RelayHostOptions {
  peer: PeerCommand;
  reach: Reach;
}

/** A copy from one host to another. */
export interface RelayOptions {
  from: RelayHostOptions;
  to: RelayHostOptions;
  /** On the host that sends. */
  sources: readonly AskedSource[];
  /** On the host that receives. */
  target: SharedTarget;
  family?: 4 | 6;
  engine: EngineChoice;
  /** Number of Workers for streams. Default: chosen for this machine. */
  threads?: number;
  cipher: CipherName;
  /** Maximum time of each login; undefined: unlimited, because the user may be typing a password. */
  helloTimeoutMs?: number;
  streams: StreamCount;
  request: CopyRequest;
  emit: (event: TransferEvent) => void;
  /** Called with the name of the session. */
  begun: (session: string) => void;
  /** Writes to the log. */
  note: (text: string) => void;
  /** Called with the reason if nothing of this copy can be resumed. */
  unresumable: (why: string) => void;
  /** Ends the copy early. Its reason is thrown. */
  signal: AbortSignal;
}

/** Copies. @throws what ends the transfer; failed paths are reported and counted in the outcome. */
export async function relay(options: RelayOptions): Promise<Outcome> {
  options.signal.throwIfAborted();
  const aborted = abortOf(options.signal);
  const copy = new RelayedCopy(options);
  const work = copy.run();
  work.catch(() => {});
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    throw await copy.explain(error);
  } finally {
    await seeOff(copy.hosts, work, options.signal);
  }
}

/** A host, and its session once it is open. */
interface OpenHost {
  peer: PeerProcess;
  session?: ClientSession;
}

class RelayedCopy {
  /** Hosts whose ssh was started: the sender, then the receiver. */
  readonly hosts: OpenHost[] = [];
  readonly #options: RelayOptions;
  readonly #machine: Machine;
  #isUnresumable = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#machine = openMachine(options.engine, options.threads);
  }

  async run(): Promise<Outcome> {
    const { note, begun, request, sources, target } = this.#options;
    this.#machine.notes.forEach(note);
    if (request.congestion !== undefined) checkCongestion(request.congestion);
    const shared = jobOptions(request);
    // One after the other, because both may ask for a password on the same terminal.
    const from = await this.#open(this.#options.from, { direction: "pull", ...sourcesOfJob(sources), ...shared });
    await sendRequested(from, sources);
    begun(from.secrets.id.slice(0, 8));
    const to = await this.#open(this.#options.to, { direction: "push", target: target.path, ...shared });
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

  /** Returns the error for the user. */
  async explain(error: unknown): Promise<unknown> {
    const { to, request, signal } = this.#options;
    const aborting = this.hosts.find(({ session }) => error instanceof PeerAbort && session?.control === error.channel);
    // Without an abort message, the host that was started last has probably ended. None may have been started.
    const host = aborting ?? this.hosts.at(-1);
    const finishing = this.hosts.some(({ session }) => session?.control.finishing);
    const explained = host ? await explain(error, host.peer, signal) : error;
    const receiver = this.hosts[1]?.session;
    const unmarked = !receiver || receiver.features.includes("resume") ? undefined : to.peer.name;
    return explainLoss(explained, { ...request, unmarked, unresumable: this.#isUnresumable }, { finishing });
  }

  #setUnresumable(why: string): void {
    this.#isUnresumable = true;
    this.#options.unresumable(`escp on ${this.#options.to.peer.name} ${why}`);
  }

  async #open({ peer: command, reach }: RelayHostOptions, job: CopyJob): Promise<ClientSession> {
    const { cipher, family, helloTimeoutMs, sources, request, emit } = this.#options;
    const host: OpenHost = { peer: new PeerProcess(command) };
    this.hosts.push(host);
    host.session = await openClientSession(host.peer, {
      job,
      needed: requiredFeatures({ job, sources, reach }),
      cipher,
      engine: this.#machine.cipher,
      reach,
      tell: (message) => emit({ type: "note", message }),
      family,
      timeoutMs: request.timeoutMs,
      helloTimeoutMs,
    });
    for (const message of missingFeatures(request, host.session.features, command.name)) {
      emit({ type: "note", message });
    }
    return host.session;
  }
}
