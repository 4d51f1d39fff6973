/** The remote end of a session that cleans: no streams, only the control channel. */

import { ProtocolError } from "../../errors.ts";
import type { CleanJob } from "../../protocol/control/job.ts";
import type { RemovedEntry } from "../../protocol/control/messages.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { RemoteSession } from "../../session/model/remote_session.ts";
import { clean, findDirectories } from "./clean.ts";
import { MessageBatcher } from "../batches.ts";
import type { Machine } from "../machine.ts";
import { confine } from "../remote/confine.ts";
import { checkDirection, type RemoteJobOptions } from "../remote/session_limits.ts";
import { readRequested } from "../requested_sources.ts";

/** Maximum time that a removed file waits for the message that reports it. In milliseconds. */
const GATHER_MS = 250;

/** Runs a clean job, and reports to the client. @throws {unknown} The error that ended the run. */
export async function cleanForClient(
  { control, features }: RemoteSession,
  job: CleanJob,
  machine: Machine,
  { limits, local, tasked, note }: Pick<RemoteJobOptions, "limits" | "local" | "tasked" | "note">,
): Promise<void> {
  machine.notes.forEach(note);
  const task = { task: "clean", variant: job.dryRun ? "dry run" : undefined, paths: job.sources } as const;
  tasked?.(task);
  if (!features.includes("clean")) {
    throw new ProtocolError("bad-message", "Cannot clean: the feature was not agreed on");
  }
  checkDirection("clean", limits);
  const { dryRun = false, records: byRecords = false, olderThanMs } = job;
  const home = Deno.cwd();
  const confinement = confine(limits, home, machine.files.paths);
  const failed = (failure: Failure) => {
    note(failure.message);
    control.send({ type: "failed", failure });
  };
  const directories = await readRequested(control, job);
  if (job.more) tasked?.({ ...task, paths: directories.map(({ path }) => path) });
  const lost = new AbortController();
  const bye = control.expect("bye");
  bye.catch((error) => lost.abort(error));
  // Wait while the client does not read, so that unsent messages do not fill the memory.
  const turn = () => {
    lost.signal.throwIfAborted();
    return control.waiting > MOST_WAITING ? control.flushed() : undefined;
  };
  const found = await findDirectories(
    directories,
    { base: confinement?.base ?? home, tilde: !local, globs: !local, confinement, byRecords },
    machine.files,
    { failed, turn },
  );
  const removed = new MessageBatcher<RemovedEntry>((entries) => control.send({ type: "removed", entries }));
  let sentMs = performance.now();
  const work = clean(
    { olderThanMs, dryRun },
    { found, confinedTo: confinement?.root, files: machine.files, state: machine.state },
    {
      removed(entry) {
        note(`${dryRun ? "would remove" : "removed"} ${entry.path}`);
        removed.add(entry);
      },
      failed,
      turn() {
        const now = performance.now();
        if (now - sentMs > GATHER_MS) {
          removed.flush();
          sentMs = now;
        }
        return turn();
      },
    },
  );
  work.catch(() => {});
  const early = bye.then(() => {
    throw new ProtocolError("bad-order", 'Cannot end the session: the client has sent "bye" before the end of the job');
  });
  early.catch(() => {});
  const outcome = await Promise.race([work, early]);
  removed.flush();
  control.send({ type: "cleaned", ...outcome });
  await bye;
}
