/** The copy of a remote end, after both ends have agreed on the session. */

import { ProtocolError, UserError } from "../../errors.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import { MAX_BLOCK_BYTES, MAX_ROOTS, MAX_STREAMS, MIN_BLOCK_BYTES } from "../../protocol/limits.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import type { CopySession } from "../../session/model/remote_session.ts";
import { fixedCount } from "../../session/model/stream_count.ts";
import { agreedOptions, withoutUnagreed } from "../agreed_options.ts";
import { filesFor } from "../dummy_files.ts";
import { failedEvent } from "../events.ts";
import type { Machine } from "../machine.ts";
import type { Outcome } from "../totals.ts";
import { confine } from "./confine.ts";
import { checkDirection, checkRemoval, limitRate, type RemoteJobOptions, type SessionTask } from "./session_limits.ts";
import { localCopyPid } from "../client/local_copy.ts";
import { readRequested } from "../requested_sources.ts";

/** Sends or receives. @throws {unknown} The error that ended the copy. */
export async function runJob(
  session: CopySession,
  machine: Machine,
  options: RemoteJobOptions,
): Promise<void> {
  machine.notes.forEach(options.note);
  const { emit, limits } = options;
  const { blockBytes } = session.job;
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
    throw new ProtocolError("bad-message", `Cannot use blocks of ${blockBytes} bytes`);
  }
  const isMeasurement = session.job.probe && session.features.includes("probe");
  const task = taskOf(session.job);
  options.tasked?.(isMeasurement ? { task: "measurement", paths: task.paths } : task);
  if (isMeasurement) {
    if (limits.bytesPerSecond !== undefined) {
      throw new UserError("Cannot measure the connection: the remote host limits the rate of this client");
    }
    const { serveProbes } = await import("../../probe/serve_probes.ts");
    return await serveProbes(session, machine, options);
  }
  const { job } = session;
  checkDirection(job.direction, limits);
  if (job.direction === "pull") checkRemoval(job.removesSources, limits);
  if (job.xattrs || job.acls) await machine.files.loadXattrs();
  // ssh starts a command in the home directory. No shell has expanded the paths of the job.
  const home = Deno.cwd();
  const confinement = confine(limits, home, machine.files.paths);
  const base = confinement?.base ?? home;
  const tilde = !options.local;
  const files = await filesFor(machine.files, job.dummy, job.direction === "push" ? "receiver" : "sender");
  const agreed = agreedOptions(withoutUnagreed(job, session.features));
  const shared = {
    session,
    machine: { ...machine, files },
    job: { ...agreed, bytesPerSecond: limitRate(agreed.bytesPerSecond, limits) },
    streams: fixedCount(MAX_STREAMS),
    emit,
  };
  const finished = (outcome: Outcome) => emit({ type: "finished", ...outcome, engine: session.engine.name });
  if (job.direction === "push") {
    const clientPid = options.local ? localCopyPid(session, files, options.clientPid ?? Deno.ppid) : undefined;
    if (clientPid !== undefined) options.note("large files are copied directly from the open files of the client");
    const { receive } = await import("../receive/receive.ts");
    const outcome = await receive({
      ...shared,
      confinement,
      target: job.target,
      others: 0,
      toOutput: false,
      base,
      tilde,
      acceptedBytesPerSecond: limits.bytesPerSecond,
      maxSources: MAX_ROOTS,
      acceptSources: (sources) => sources,
      unresumable: options.note,
      localCopyPid: clientPid,
    });
    return finished(outcome);
  }
  const { control } = session;
  const requested = await readRequested(control, job);
  if (job.more) options.tasked?.({ ...task, paths: requested.map(({ path }) => path) });
  const paths = job.listed ? requested.splice(1).map(({ path }) => path) : [];
  const [{ findJobSources }, { send }] = await Promise.all([
    import("../send/sources/listed.ts"),
    import("../send/send.ts"),
  ]);
  const found = await findJobSources(
    requested,
    { listed: job.listed, relative: job.relative, paths },
    { base, tilde, globs: !options.local, recursive: job.recursive, confinement },
    machine.files.paths,
    (failure) => {
      emit(failedEvent(failure, "sender"));
      control.send({ type: "failed", failure });
      // Wait while the client does not read, so that unsent messages do not fill the memory.
      if (control.waiting > MOST_WAITING) return control.flushed();
    },
  );
  const outcome = await send({
    ...shared,
    ...found,
    // Only a client on the same machine offers its files.
    job: { ...shared.job, lends: undefined },
    checkLink: confinement && ((path) => confinement.check("read", path)),
  });
  finished(outcome);
}

function taskOf(job: CopyJob): SessionTask {
  return {
    task: job.direction,
    variant: job.dummy ? "dummy" : job.dryRun ? "dry run" : undefined,
    paths: job.direction === "push" ? [job.target] : job.sources,
  };
}
