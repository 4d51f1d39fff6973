/** The client's end of a session: it opens the session, then sends or receives. */

import { UserError } from "../../errors.ts";
import { STANDARD_INPUT } from "../../files/walk/source_roots.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type ClientSession, openClientSession } from "../../session/model/client_session.ts";
import { explainCount } from "../../session/model/stream_count.ts";
import { agreedOptions } from "../agreed_options.ts";
import { filesFor } from "../dummy_files.ts";
import { type ConnectedEvent, failedEvent, type ItemEvent, type TransferEvent } from "../events.ts";
import { type Machine, openMachine } from "../machine.ts";
import { type ObservedPeer, UNOBSERVABLE } from "../observer.ts";
import { sendRequested, sourcesOfJob, withPaths } from "../requested_sources.ts";
import type { Outcome } from "../totals.ts";
import { checkOffered, haveTargets, maxOffered, onlyNames, withTargets } from "./accept_sources.ts";
import { type CopyOptions, MAX_FIRST_STATS } from "./copy_options.ts";
import { jobOptions } from "./copy_request.ts";
import { canCopyLocally } from "./local_copy.ts";
import type { CopiedFiles } from "./manifest.ts";
import type { OpenPeer } from "./open_peers.ts";
import { missingFeatures, requiredFeatures } from "./required_features.ts";

/** Opens a session with the peer, and copies over it. @throws {unknown} The error that ended the copy. */
export async function runSession(options: CopyOptions, peer: OpenPeer): Promise<Outcome> {
  const { direction, request, reach, cipher, sources, emit, note } = options;
  const isSender = direction === "push";
  await peer.process.timeToLoad();
  const machine = await openMachine(options.engine, options.threads);
  await peer.process.timeToLoad();
  // The code of the other direction is not needed. There is time to load it until the session is open.
  const sending = isSender ? import("../send/send.ts") : undefined;
  const receiving = isSender ? undefined : import("../receive/receive.ts");
  // The use of the code throws the error, after the session is open.
  for (const loading of [sending, receiving]) loading?.catch(() => {});
  machine.notes.forEach(note);
  if (request.xattrs || request.acls) await machine.files.loadXattrs();
  const job = jobOf(options, machine);
  const observed: ObservedPeer = { name: peer.process.name, part: direction === "push" ? "receiver" : "sender" };
  const session = await openClientSession(peer.process, {
    job,
    needed: requiredFeatures({ job, sources, manifest: options.manifest !== undefined, reach }),
    without: options.observer && UNOBSERVABLE,
    cipher,
    engine: machine.cipher,
    reach,
    note: (message) => emit({ type: "note", message }),
    timeoutMs: request.timeoutMs,
    helloTimeoutMs: options.helloTimeoutMs,
    family: options.family,
    opened: options.observer && ((stream) => options.observer!.streamOpened(stream, observed)),
  });
  peer.session = session;
  options.observer?.sessionOpened(session, { ...observed, machine });
  if (reach) emit({ type: "opening", host: peer.process.name });
  if (direction === "pull") await sendRequested(session, withPaths(options));
  options.begun(session.secrets.id.slice(0, 8));
  noteVersions(options, session, machine);
  for (const message of missingFeatures(request, session.features, peer.process.name)) {
    emit({ type: "note", message });
  }
  const listing = options.manifest && await openListing(options);
  const receiver = isSender ? peer.process.name : "this machine";
  const shared = {
    session,
    machine: { ...machine, files: await filesFor(machine.files, job.dummy, isSender ? "sender" : "receiver") },
    job: agreedOptions(job),
    streams: options.streams,
    listing,
    shards: options.shards,
    placed: listing?.placed,
    emit: (event: TransferEvent) => {
      if (event.type === "connected") emit(withRoute(event, options, session));
      else emit(event.type === "item" && isSender && reach ? asSent(event) : event);
    },
    unresumable: (why: string) => options.unresumable(`escp on ${receiver} ${why}`),
  };
  const push = async () => {
    const { send } = await sending!;
    return await send({ ...shared, ...await localRoots(options, machine, listing) });
  };
  const pull = async () => {
    const { receive } = await receiving!;
    if (!options.toOutput) await statFirst([options.target]);
    return await receive({
      ...shared,
      target: options.target.path,
      others: options.target.others,
      toOutput: options.toOutput,
      outputDescriptor: options.outputDescriptor,
      base: Deno.cwd(),
      tilde: false,
      maxSources: maxOffered(sources),
      onlyNames: await onlyNames(options),
      acceptSources(offered) {
        checkOffered(offered, sources, request);
        return place(offered, options, listing);
      },
    });
  };
  const outcome = await (isSender ? push() : pull());
  session.control.send({ type: "bye" });
  await session.control.flushed();
  if (listing) {
    for (const failure of listing.addTo(options.manifest!, options.target.path)) {
      emit(failedEvent(failure));
      outcome.failed++;
    }
  }
  emit({ type: "finished", ...outcome, dummy: request.dummy, engine: machine.cipher.name });
  return outcome;
}

function jobOf(options: CopyOptions, machine: Machine): CopyJob {
  const shared = jobOptions(options.request);
  if (options.direction === "pull") {
    const linkRoots = shared.hardlinks && !haveTargets(options.sources) || undefined;
    return { direction: "pull", ...sourcesOfJob(withPaths(options)), ...shared, linkRoots };
  }
  const lends = canCopyLocally(options, machine.files) ? Deno.pid : undefined;
  return { direction: "push", target: options.target.path, ...shared, lends };
}

function noteVersions({ request, cipher, peer, note }: CopyOptions, { hello }: ClientSession, machine: Machine): void {
  const { software, features } = hello;
  note(`remote end: escp ${software}; this end: ${machine.cipher.library}, ${machine.files.name} files; ${cipher}`);
  if (request.resume && !features.includes("resume")) {
    note(`escp ${software} on ${peer.name} cannot resume an interrupted copy`);
  }
}

/** Returns the event with the peer's address, which only the client knows. Notes the route and the number of streams. */
function withRoute(
  event: ConnectedEvent,
  { note, reach, direction, streams }: CopyOptions,
  { address, roundTripMs }: ClientSession,
): ConnectedEvent {
  if (reach && address) note(`data ${direction === "pull" ? "comes from" : "goes to"} ${address}`);
  const why = explainCount(event.streams, streams, roundTripMs);
  if (why) note(why);
  return { ...event, address };
}

/** Returns the change of an entry as rsync shows it if this machine sends. */
function asSent(event: ItemEvent): ItemEvent {
  return { ...event, item: event.item.replace(/^>/, "<") };
}

/** @throws {UserError} for sources with targets of their own. */
async function openListing({ sources }: CopyOptions): Promise<CopiedFiles> {
  if (haveTargets(sources)) {
    throw new UserError("Cannot write a manifest of files that have targets of their own");
  }
  const { CopiedFiles } = await import("./manifest.ts");
  return new CopiedFiles();
}

/** Stats paths in threads of the runtime, so that an unresponsive file server does not block this thread. */
async function statFirst(places: readonly { path: string }[]): Promise<void> {
  await Promise.all(places.slice(0, MAX_FIRST_STATS).map(({ path }) => Deno.stat(path).catch(() => {})));
}

async function localRoots(options: CopyOptions, machine: Machine, listing: CopiedFiles | undefined) {
  const { sources, globs, request: { recursive } } = options;
  if (options.fromInput) return { operands: 1, roots: [{ ...STANDARD_INPUT, operand: 0 }], notFound: 0 };
  const { findJobSources } = await import("../send/sources/listed.ts");
  await statFirst(sources);
  const lookUp = { base: Deno.cwd(), tilde: globs, globs, recursive };
  const fail = (failure: Failure) => options.emit(failedEvent(failure, "sender"));
  const { listed: depth, relative } = options.request;
  const selection = { listed: depth, relative, paths: options.listed ?? [] };
  const found = await findJobSources(sources, selection, lookUp, machine.files.paths, fail);
  const { operands, roots, notFound, listed } = found;
  return { operands: operands + options.target.others, roots: place(roots, options, listing), notFound, listed };
}

/** Returns the sources with their targets, and reserves their names there. @throws {UserError} if a name is taken. */
function place<Root extends { operand: number; name: string; kind: string }>(
  roots: readonly Root[],
  { sources, target }: CopyOptions,
  listing: CopiedFiles | undefined,
): (Root & { target?: string })[] {
  const placed = withTargets(roots, sources);
  target.names.reserve(placed);
  listing?.setRoots(placed);
  return placed;
}
