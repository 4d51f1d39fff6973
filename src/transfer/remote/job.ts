/** What the remote end does for its client, once the session is agreed. */

import { ProtocolError } from "../../errors.ts";
import { parseFilterRules } from "../../files/walk/filter.ts";
import { comparisonOf } from "../../protocol/data/compare.ts";
import { MAX_BLOCK_BYTES, MAX_ROOTS, MAX_STREAMS, MIN_BLOCK_BYTES, TIMEOUT_MS } from "../../protocol/limits.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import type { CopySession } from "../../session/model/remote_session.ts";
import { fixedCount } from "../../session/model/stream_count.ts";
import { codecsFor } from "../compression.ts";
import { walkOptions } from "../client/copy_request.ts";
import { filesFor } from "../dummy_files.ts";
import { failedEvent } from "../events.ts";
import type { Machine } from "../machine.ts";
import { receive } from "../receive/receive.ts";
import { findSources } from "../send/resolved_sources.ts";
import { send } from "../send/send.ts";
import type { Outcome } from "../totals.ts";
import { checkDirection, confine } from "./session_limits.ts";
import { localCopyPid } from "../client/local_copy.ts";
import { readRequested } from "../requested_sources.ts";
import { type RemoteJobOptions } from "./session_limits.ts";

/** Sends or receives. @throws what ended it. */
export async function runJob(
  session: CopySession,
  machine: Machine,
  options: RemoteJobOptions,
): Promise<void> {
  machine.notes.forEach(options.note);
  const { job } = session;
  const { emit, limits } = options;
  const { blockBytes } = job;
  /** Whether the job asks for what both ends know. */
  const wants = (option: "compress" | "fsync" | "sparse" | "verify") =>
    (job[option] ?? false) && session.features.includes(option);
  const compress = wants("compress");
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
    throw new ProtocolError("bad-message", `Cannot use blocks of ${blockBytes} bytes`);
  }
  if (job.probe && session.features.includes("probe")) {
    const { serveProbes } = await import("../../probe/serve_probes.ts");
    return await serveProbes(session, machine, options);
  }
  checkDirection(job.direction, limits);
  if (job.xattrs || job.acls) await machine.files.loadXattrs();
  // ssh starts a command in the home directory, and no shell has seen the path that came in the job.
  const home = Deno.cwd();
  const confinement = confine(limits, home, machine.files.paths);
  const base = confinement?.base ?? home;
  const tilde = !options.local;
  const verify = wants("verify");
  const shared = {
    session,
    files: await filesFor(machine.files, job.dummy, job.direction === "push" ? "receiver" : "sender"),
    salt: job.salt,
    blockBytes,
    sparse: wants("sparse"),
    verify,
    comparison: comparisonOf(job),
    emit,
    idleTimeoutMs: job.timeoutMs ?? TIMEOUT_MS,
  };
  const startedAt = performance.now();
  const finished = (outcome: Outcome) =>
    emit({ type: "finished", ...outcome, elapsedMs: performance.now() - startedAt, engine: session.engine.name });
  if (job.direction === "push") {
    const lender = options.local ? localCopyPid(session, shared.files) : undefined;
    if (lender !== undefined) options.note("large files are copied straight from where the client has them open");
    const outcome = await receive({
      ...shared,
      confinement,
      target: job.target,
      others: 0,
      toOutput: false,
      base,
      tilde,
      mostSources: MAX_ROOTS,
      acceptSources: (sources) => sources,
      preserve: job.preserve,
      resume: job.resume ?? false,
      state: machine.state,
      unresumable: options.note,
      direct: job.direct ?? true,
      lender,
      codecs: await codecsFor(compress, machine.cipher.name),
      xattrs: job.xattrs ?? false,
      acls: job.acls ?? false,
      // Only what is on the disk can be read from there.
      fsync: verify || wants("fsync"),
      umask: machine.umask,
      streams: fixedCount(MAX_STREAMS),
      bytesPerSecond: 0,
      workers: machine.workers,
    });
    return finished(outcome);
  }
  const { control } = session;
  const found = await findSources(
    await readRequested(control, job),
    { base, tilde, globs: !options.local, recursive: job.recursive, confinement },
    machine.files.paths,
    (failure) => {
      emit(failedEvent(failure));
      control.send({ type: "failed", failure });
      // Wait while the client does not read, so that unsent messages do not fill the memory.
      if (control.waiting > MOST_WAITING) return control.flushed();
    },
  );
  const outcome = await send({
    ...shared,
    ...found,
    bytesPerSecond: job.bytesPerSecond ?? 0,
    congestion: job.congestion,
    compress,
    resume: job.resume ?? false,
    walk: {
      ...walkOptions({ ...job, filters: parseFilterRules(job.filters) }),
      checkLink: confinement && ((path) => confinement.check("read", path)),
    },
    streams: fixedCount(MAX_STREAMS),
    workers: machine.workers,
  });
  finished(outcome);
}
