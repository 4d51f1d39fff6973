/** Plans where the offered sources are written, before anything is sent. */

import { FileError, quotePath, UserError } from "../../errors.ts";
import type { PathCalls } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { explainFailure } from "../../files/stat/explain_failure.ts";
import { createdLinks } from "../../files/target/created_links.ts";
import { STANDARD_OUTPUT } from "../../files/target/name.ts";
import { isSameRoot } from "../../files/target/same_file.ts";
import { planLinkDestinations } from "../../files/target/plan/link_destinations.ts";
import { planTargets } from "../../files/target/plan/plan.ts";
import { planBackups } from "../../files/target/plan/backups.ts";
import type { PlannedSource } from "../../files/target/plan/planned_source.ts";
import { createDirectories, createMissing } from "../../files/target/root_directories.ts";
import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import { failureOf } from "../../streams/failure.ts";
import { dummyRoot } from "../dummy_files.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import type { ResumeRecord } from "./resume_record.ts";
import { checkSpace } from "./target_space.ts";

/** Sources that a sender offers. */
export interface Offer {
  sources: WireSource[];
  /** Number of operands of the user, on all hosts. */
  operands: number;
  /** Whether the sender runs on this machine. */
  sameHost: boolean;
  /** Files and bytes that the sender has found so far. */
  totals: MessageOf<"sources">;
}

/**
 * Returns a root per source, and creates their directories.
 *
 * @param note called with notes for the user.
 * @throws {UserError} for a bad target, after refusing it.
 */
export async function planTarget(
  options: ReceiveOptions,
  offer: Offer,
  record: ResumeRecord,
  note: (text: string) => void,
): Promise<TargetRoot[]> {
  const { session, machine: { files }, job, toOutput, outputDescriptor: descriptor } = options;
  const { sources, operands } = offer;
  if (files.dummy) return sources.map(dummyRoot);
  if (sources.length === 0) return [];
  if (toOutput && !job.removesSources && sources.length === 1 && operands === 1 && sources[0].kind === "file") {
    return [{ kind: "device", path: STANDARD_OUTPUT, descriptor }];
  }
  try {
    return await planFiles(options, offer, record, note);
  } catch (cause) {
    const error = cause instanceof FileError ? explainFailure(cause) : cause;
    if (error instanceof UserError) session.control.send({ type: "refused", failure: failureOf(error) });
    throw error;
  }
}

async function planFiles(
  options: ReceiveOptions,
  { sources, operands, sameHost, totals }: Offer,
  record: ResumeRecord,
  note: (text: string) => void,
): Promise<TargetRoot[]> {
  const { session, machine: { files }, job, target, base, tilde, confinement, toOutput } = options;
  if (toOutput && job.removesSources) throw new UserError("Cannot move files to standard output");
  if (toOutput) throw new UserError("Cannot copy to standard output: it takes only one file");
  const planned = sources.map(({ dev, inode, ...source }) => ({ ...source, identity: { dev, inode } }));
  const isUnfinished = (path: string, source: PlannedSource) => record.isUnfinished(path, source);
  const plan = {
    base,
    tilde,
    sameHost,
    operands,
    confinement,
    isUnfinished,
    mkpath: job.mkpath,
    exact: job.exact,
    separate: job.removesSources,
    dirlinks: job.dirlinks ? createdLinks() : undefined,
  };
  const roots = planTargets(planned, target, plan, files.paths);
  for (const root of roots) if (root.kind === "folder") root.only = options.onlyNames;
  const { suffix, directory } = job.backup ?? {};
  if (suffix !== undefined && directory !== undefined) {
    planBackups({ suffix, directory }, { roots, sources: planned, target }, plan, files.paths);
  }
  if (job.linkDests) {
    const missing = planLinkDestinations(job.linkDests, { roots, sources: planned, target }, plan, files.paths);
    for (const each of missing) {
      note(`Cannot find the --link-dest directory ${quotePath(each)}: no file is linked to it`);
    }
  }
  if (session.role === "remote") checkNotChannel(roots, files.paths);
  if (job.removesSources && roots.some(({ kind }) => kind === "device")) {
    throw new UserError(`Cannot move files to ${quotePath(target)}: it is not a regular file`, {
      hint: "Omit --remove-source-files",
    });
  }
  if (job.comparison?.dryRun) return roots;
  if (job.verify && roots.some(({ kind }) => kind === "device")) {
    throw new UserError(`Cannot verify ${quotePath(target)}: it is not a regular file`, { hint: "Omit --verify" });
  }
  if (job.backup && roots.some(({ kind }) => kind === "device")) {
    throw new UserError(`Cannot back up ${quotePath(target)}: it is not a regular file`, { hint: "Omit --backup" });
  }
  // Updates and sparse copies write an unknown part of these bytes.
  if (!job.comparison && !job.sparse && !roots.every(isSameRoot)) {
    await checkSpace(roots, totals.bytes, files, record.records, job);
  }
  if (!job.onlyExisting) createMissing(roots, files.paths);
  await record.begin(roots, totals);
  if (!job.onlyExisting) createDirectories(roots, files.paths, { isShared: job.shard !== undefined });
  // Immediately, because the next run would copy into a directory that no record names.
  record.addCreated(roots, sources);
  return roots;
}

/** Refuses a device that is the control channel of this process, such as /dev/stdout on a remote end. */
function checkNotChannel(roots: TargetRoot[], paths: PathCalls): void {
  const device = roots.find(({ kind }) => kind === "device");
  if (device?.kind !== "device") return;
  const target = paths.stat(device.path, { follow: true });
  for (const descriptor of [0, 1]) {
    const channel = paths.stat(`/dev/fd/${descriptor}`, { follow: true });
    if (!channel || !target || channel.dev !== target.dev || channel.inode !== target.inode) continue;
    const shown = quotePath(device.shown ?? device.path);
    throw new UserError(`Cannot write ${shown}: it is the connection to the client`, { hint: "Choose another target" });
  }
}
