/**
 * A copy between two other hosts, through this one. Each has a session of its own; what they say to each other is passed
 * on here, and looked at. No file of this machine is touched.
 */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { checkCongestion } from "../../native/net/congestion.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import { type ClientSession, openClientSession } from "../../session/model/client_session.ts";
import { PeerAbort } from "../../session/model/control_channel.ts";
import { type PeerCommand, PeerProcess } from "../../session/model/peer_process.ts";
import { explainCount, type StreamCount } from "../../session/model/stream_count.ts";
import type { AskedSource } from "../client/asked_sources.ts";
import type { Reach } from "../../ssh/reach.ts";
import { type CopyRequest, jobOptions } from "../client/copy_request.ts";
import type { TransferEvent } from "../events.ts";
import { explainLoss } from "../client/lost_copy.ts";
import { type Machine, openMachine } from "../machine.ts";
import { missingFeatures, requiredFeatures } from "../client/required_features.ts";
import { abortOf, explain, seeOff, settled } from "../client/peer_end.ts";
import { RelayStreams } from "./streams.ts";
import { RelayedConversation } from "./conversation.ts";
import type { Outcome } from "../totals.ts";
import type { SharedTarget } from "../client/reserved_names.ts";
import { sendRequested, sourcesOfJob } from "../requested_sources.ts";

/** One of the two other hosts. */
export interface RelayHostOptions {
  peer: PeerCommand;
  reach: Reach;
}

/** A copy from one host to another. */
export interface RelayOptions {
  from: RelayHostOptions;
  to: RelayHostOptions;
  /** On the one. */
  sources: readonly AskedSource[];
  /** On the other. */
  target: SharedTarget;
  family?: 4 | 6;
  engine: EngineChoice;
  /** Workers for streams; undefined: as many as are good for this machine. */
  threads?: number;
  cipher: CipherName;
  /** How long each login may take; undefined where somebody may be typing a password. */
  helloTimeoutMs?: number;
  streams: StreamCount;
  request: CopyRequest;
  emit: (event: TransferEvent) => void;
  begun: (session: string) => void;
  note: (text: string) => void;
  /** Hears why nothing of this copy can be resumed. */
  unresumable: (why: string) => void;
  /** Ends the copy early; its reason is thrown. */
  signal: AbortSignal;
}

interface OpenSide {
  peer: PeerProcess;
  session?: ClientSession;
}

/** Copies. @throws what ended it; what failed with single paths was emitted and is counted in the outcome. */
export async function relay(options: RelayOptions): Promise<Outcome> {
  options.signal.throwIfAborted();
  const aborted = abortOf(options.signal);
  const sides: OpenSide[] = [];
  let isUnresumable = false;
  const unresumable = (why: string) => {
    isUnresumable = true;
    options.unresumable(`escp on ${options.to.peer.name} ${why}`);
  };
  const work = run({ ...options, unresumable }, sides);
  work.catch(() => {});
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    const said = sides.find(({ session }) => error instanceof PeerAbort && session?.control === error.channel);
    // Whoever closed the channel is the one that has ended, or will soon.
    const finishing = sides.some(({ session }) => session?.control.finishing);
    const explained = await explain(error, (said ?? sides.at(-1)!).peer, options.signal);
    const to = sides[1]?.session;
    const unmarked = !to || to.features.includes("resume") ? undefined : options.to.peer.name;
    throw explainLoss(explained, { ...options.request, unmarked, unresumable: isUnresumable }, { finishing });
  } finally {
    await seeOff(sides, work, options.signal);
  }
}

async function run(options: RelayOptions, sides: OpenSide[]): Promise<Outcome> {
  const machine = openMachine(options.engine, options.threads);
  machine.notes.forEach(options.note);
  const { timeoutMs, congestion } = options.request;
  if (congestion !== undefined) checkCongestion(congestion);
  const shared = jobOptions(options.request);
  const { blockBytes } = shared;
  // One after the other: each may ask for a password on the same terminal.
  const from = await open(
    options,
    options.from,
    machine,
    { direction: "pull", ...sourcesOfJob(options.sources), ...shared },
    sides,
  );
  await sendRequested(from, options.sources);
  options.begun(from.secrets.id.slice(0, 8));
  const target = options.target.path;
  const to = await open(options, options.to, machine, { direction: "push", target, ...shared }, sides);
  const { compress = false } = options.request;
  const conversation = new RelayedConversation({ ...options, ...options.request }, from, to);
  const { count, totals } = await conversation.agree();
  const written = new Map<number, number>();
  const streamGroup = new RelayStreams(from, to, { machine, count, blockBytes, timeoutMs, congestion }, {
    written: (stream, bytes) => written.set(stream, bytes),
    relayed: (result) => conversation.result(result),
    finishing: () => conversation.finishing,
  });
  const startedAt = performance.now();
  const tell = () => {
    const bytes = written.values().reduce((sum, each) => sum + each, 0);
    const { files, kept } = conversation;
    options.emit({ type: "progress", files, bytes: bytes + kept, resumed: kept });
  };
  const timer = setInterval(tell, 200);
  try {
    const talking = conversation.run();
    const streams = await Promise.race([streamGroup.bringUp(), talking.then(() => streamGroup.pairs)]);
    options.note(`data comes from ${from.address} and goes to ${to.address}`);
    const why = explainCount(streams, options.streams, streamGroup.roundTripMs);
    if (why) options.note(why);
    options.emit({ type: "connected", streams, engine: machine.cipher.name, address: to.address });
    options.emit({ type: "totals", files: totals.files, bytes: totals.bytes, complete: totals.complete });
    const finished = await Promise.race([talking, streamGroup.run().then(() => talking)]);
    tell();
    // The receiver may have said so on its control channel before its streams' last frames were passed on and counted.
    if (compress) await settled(streamGroup.run());
    const lost = streamGroup.losses.note(from.control.corrupt + to.control.corrupt);
    if (lost) options.emit({ type: "note", message: lost });
    for (const { control } of [from, to]) {
      control.send({ type: "bye" });
      await control.flushed();
    }
    const { dryRun } = options.request;
    const { files, bytes } = dryRun ? conversation.planned : finished;
    const { skipped = 0, verified } = finished;
    const wireBytes = compress ? streamGroup.wireBytes : undefined;
    const { failed, kept: resumed } = conversation;
    const outcome = {
      files,
      bytes,
      failed,
      skipped,
      ...(verified === undefined ? {} : { verified }),
      dryRun,
      streams,
      resumed,
      wireBytes,
    };
    options.emit({
      type: "finished",
      ...outcome,
      dummy: options.request.dummy,
      elapsedMs: performance.now() - startedAt,
      engine: machine.cipher.name,
    });
    return outcome;
  } finally {
    clearInterval(timer);
    await streamGroup.close();
  }
}

async function open(
  options: RelayOptions,
  { peer: command, reach }: RelayHostOptions,
  machine: Machine,
  job: CopyJob,
  sides: OpenSide[],
): Promise<ClientSession> {
  const side: OpenSide = { peer: new PeerProcess(command) };
  sides.push(side);
  const { cipher, family, helloTimeoutMs } = options;
  side.session = await openClientSession(side.peer, {
    job,
    needed: requiredFeatures({ job, sources: options.sources, reach }),
    cipher,
    engine: machine.cipher,
    reach,
    tell: (message) => options.emit({ type: "note", message }),
    family,
    timeoutMs: options.request.timeoutMs,
    helloTimeoutMs,
  });
  for (const message of missingFeatures(options.request, side.session.features, command.name)) {
    options.emit({ type: "note", message });
  }
  return side.session;
}
