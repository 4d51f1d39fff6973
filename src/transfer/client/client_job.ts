/** What the client does once the other end is being started: the session, and the copy over it. */

import { UserError } from "../../errors.ts";
import { STANDARD_INPUT } from "../../files/walk/source_roots.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import type { Failure } from "../../protocol/failure.ts";
import { openClientSession } from "../../session/model/client_session.ts";
import type { PeerProcess } from "../../session/model/peer_process.ts";
import { explainCount } from "../../session/model/stream_count.ts";
import { checkSources, haveTargets, mostOffered, withTargets } from "./asked_sources.ts";
import { agreedOptions } from "../agreed_options.ts";
import type { CopyOptions } from "./copy_options.ts";
import { jobOptions } from "./copy_request.ts";
import { filesFor } from "../dummy_files.ts";
import { failedEvent, type TransferEvent } from "../events.ts";
import { canCopyLocally } from "./local_copy.ts";
import { type Machine, openMachine } from "../machine.ts";
import { missingFeatures, requiredFeatures } from "./required_features.ts";
import type { OpenPeer } from "./peer_end.ts";
import { receive } from "../receive/receive.ts";
import { findSources } from "../send/resolved_sources.ts";
import { send } from "../send/send.ts";
import type { Outcome } from "../totals.ts";
import { sendRequested, sourcesOfJob } from "../requested_sources.ts";

/** Agrees on a session, which it puts into `open`, and sends or receives. @throws what ended it. */
export async function runSession(
  options: CopyOptions,
  peer: PeerProcess,
  open: OpenPeer,
): Promise<Outcome> {
  const machine = openMachine(options.engine, options.threads);
  machine.notes.forEach(options.note);
  if (options.request.xattrs || options.request.acls) await machine.files.loadXattrs();
  const startedAt = performance.now();
  const job = jobOf(options, machine);
  const session = await openClientSession(peer, {
    job,
    needed: requiredFeatures({
      job,
      sources: options.sources,
      manifest: options.manifest !== undefined,
      reach: options.reach,
    }),
    cipher: options.cipher,
    engine: machine.cipher,
    reach: options.reach,
    tell: (message) => options.emit({ type: "note", message }),
    timeoutMs: options.request.timeoutMs,
    helloTimeoutMs: options.helloTimeoutMs,
    family: options.family,
  });
  open.session = session;
  if (options.direction === "pull") await sendRequested(session, options.sources);
  options.begun(session.secrets.id.slice(0, 8));
  options.note(
    `escp ${session.hello.software} there, ` +
      `${machine.cipher.library} and ${machine.files.name} files here, ${options.cipher}`,
  );
  if (options.request.resume && !session.hello.features.includes("resume")) {
    options.note(`escp ${session.hello.software} there cannot continue an interrupted copy`);
  }
  const connected = { at: startedAt };
  const emit = (event: TransferEvent) => {
    if (event.type === "connected") {
      connected.at = performance.now();
      if (options.reach && session.address) {
        options.note(`data ${options.direction === "pull" ? "comes from" : "goes to"} ${session.address}`);
      }
      const why = explainCount(event.streams, options.streams, session.roundTripMs);
      if (why) options.note(why);
      options.emit({ ...event, address: session.address });
    } else options.emit(event);
  };
  for (const message of missingFeatures(options.request, session.features, peer.name)) emit({ type: "note", message });
  const listing = options.manifest && await openListing(options);
  const isSender = options.direction === "push";
  const files = await filesFor(machine.files, job.dummy, isSender ? "sender" : "receiver");
  const shared = {
    session,
    machine: { ...machine, files },
    job: agreedOptions(job),
    streams: options.streams,
    listing: listing?.files,
    placed: listing?.files.placed,
    emit,
    unresumable: (why: string) => options.unresumable(`escp on ${isSender ? peer.name : "this machine"} ${why}`),
  };
  const outcome = isSender
    ? await send({ ...shared, ...await localRoots(options, machine, (roots) => listing?.setRoots(roots)) })
    : await receive({
      ...shared,
      target: options.target.path,
      others: options.target.others,
      toOutput: options.toOutput,
      base: Deno.cwd(),
      tilde: false,
      mostSources: mostOffered(options.sources),
      acceptSources(sources) {
        checkSources(options.sources, options.request.recursive, sources);
        const placed = withTargets(sources, options.sources);
        options.target.taken.reserve(placed);
        listing?.setRoots(placed);
        return placed;
      },
    });
  session.control.send({ type: "bye" });
  await session.control.flushed();
  if (listing) {
    const { files, roots } = listing;
    for (const { path, message, hint } of files.addTo(options.manifest!, { roots, target: options.target.path })) {
      emit({ type: "failed", path, message, hint: hint || undefined });
      outcome.failed++;
    }
  }
  emit({
    type: "finished",
    ...outcome,
    dummy: options.request.dummy,
    elapsedMs: performance.now() - connected.at,
    engine: machine.cipher.name,
  });
  return outcome;
}

/** For a manifest: what is copied, and how it is called. @throws {UserError} for sources with targets of their own. */
async function openListing(options: CopyOptions) {
  if (haveTargets(options.sources)) {
    throw new UserError("Cannot write a manifest of files that have targets of their own");
  }
  const { CopiedFiles } = await import("./manifest.ts");
  return {
    files: new CopiedFiles(),
    roots: [] as { name: string; isDirectory: boolean }[],
    setRoots(roots: readonly { name: string; kind: string }[]) {
      this.roots = roots.map(({ name, kind }) => ({ name, isDirectory: kind === "folder" }));
    },
  };
}

function jobOf(options: CopyOptions, machine: Machine): CopyJob {
  const shared = jobOptions(options.request);
  if (options.direction === "pull") return { direction: "pull", ...sourcesOfJob(options.sources), ...shared };
  const lends = canCopyLocally(options, machine.files) ? Deno.pid : undefined;
  return { direction: "push", target: options.target.path, ...shared, lends };
}

/** Maximum number of sources to stat first. */
const MAX_STATS = 64;

/**
 * Stats the sources in threads of the runtime, so that an unresponsive file server does not block this thread.
 */
async function statFirst(sources: CopyOptions["sources"]): Promise<void> {
  await Promise.all(sources.slice(0, MAX_STATS).map(({ path }) => Deno.stat(path).catch(() => {})));
}

async function localRoots(
  options: CopyOptions,
  machine: Machine,
  setRoots?: (roots: readonly { name: string; kind: string }[]) => void,
) {
  if (options.fromInput) {
    const roots = [{ ...STANDARD_INPUT, operand: 0 }];
    setRoots?.(roots);
    return { operands: 1, roots, notFound: 0 };
  }
  await statFirst(options.sources);
  const lookUp = { base: Deno.cwd(), tilde: false, globs: options.globs, recursive: options.request.recursive };
  const fail = (failure: Failure) => options.emit(failedEvent(failure));
  const { operands, roots, notFound } = await findSources(options.sources, lookUp, machine.files.paths, fail);
  const placed = withTargets(roots, options.sources);
  options.target.taken.reserve(placed);
  setRoots?.(placed);
  return { operands: operands + options.target.others, roots: placed, notFound };
}
