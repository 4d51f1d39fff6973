/** `copy`, `plan` and `verify`. */

import { openCopyLog } from "../cli/copy_log.ts";
import { copyTransfers } from "../cli/run/copy_transfers.ts";
import type { Flag } from "../cli/options/flag.ts";
import type { RawFlags } from "../cli/options/flags.ts";
import type { RunOptions } from "../cli/options/run_options.ts";
import type { ReportTarget } from "../cli/options/values/report_target.ts";
import { Interrupted, messageOf, UsageError } from "../errors.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { IncompleteError } from "./errors.ts";
import { type CopyEvent, type CopyTotals, EventTranslator, type Failure, type PlannedEntry } from "./events.ts";
import { COPY_FLAGS, PLAN_FLAGS, VERIFY_FLAGS } from "./option_flags.ts";
import type { CopyOptions, MirrorOptions, PlanOptions, VerifyOptions } from "./options.ts";
import { commandFor, libraryProgram, threadsOf } from "./program.ts";
import { type Run, startRun } from "./run.ts";

/** Result of `copy`. */
export interface CopyResult extends CopyTotals {
  /** The failures; at most the first 10,000. */
  readonly failures: readonly Failure[];
}

/** Result of `plan`. */
export interface PlanResult extends CopyResult {
  /** All entries of the sources, in the order in which they were examined. */
  readonly entries: readonly PlannedEntry[];
}

/** Result of `verify`. */
export interface VerifyResult extends CopyResult {
  /** Whether every entry exists in the target with the same contents, and none failed. */
  readonly same: boolean;
  /** Entries that are missing in the target, or differ. */
  readonly differences: readonly PlannedEntry[];
}

/** Switches of configuration files that do not apply to a dry run. */
const NOT_IN_DRY_RUNS = { verify: false } as const;
/** Options of configuration files with which files that differ could count as the same. */
const NOT_COMPARING: RawFlags = { "ignore-existing": false, existing: false, "link-dest": [] };
/** Maximum number of failures in a result. */
const MAX_FAILURES = 10_000;

/**
 * Copies files and directories between this machine and a remote host, between two remote hosts, or on this machine.
 *
 * ```ts
 * import { copy } from "@escp/escp";
 *
 * const { files, bytes } = await copy(["dist", "README.md"], "web1:/srv/site", { recursive: true });
 * console.log(`${files} files, ${bytes} bytes`);
 * ```
 *
 * Operands have the form of the command line: `path`, `[user@]host:path` or `scp://host:port/path`. Remote sources may be patterns.
 * "-" is standard input or standard output. Relative local paths refer to the working directory, which must not change during the
 * run. A name that is not UTF-8 has lone surrogates (U+DC80 to U+DCFF) for its bytes.
 *
 * Nothing is printed, and ssh asks for nothing, unless `interactive` is set.
 *
 * @param sources one source or several.
 * @param target the target of all sources. May be "" if `filelist` names one for each.
 * @throws {UsageError} (rejects) for invalid options, before anything is started.
 * @throws {StartError} (rejects) if ssh or the remote escp cannot be started.
 * @throws {TransferLost} (rejects) if the session was lost, and no retry is left.
 * @throws {ProtocolError} (rejects) if the peer violates the protocol.
 * @throws {IncompleteError} (rejects) if paths failed, unless `throwOnFailure` is false. The other paths were copied.
 * @throws {UserError} (rejects) for any other reason that ends a copy, such as a target that is not writable.
 * @throws the reason of `signal` (rejects) if it was aborted. Unfinished files are removed, or kept for a later copy to resume.
 */
export function copy(
  sources: string | readonly string[],
  target: string,
  options: CopyOptions = {},
): Run<CopyResult, CopyEvent> {
  return startRun(async (emit, signal) => {
    const result = await run({ sources, target, options, known: COPY_FLAGS, flags: {} }, emit, signal);
    return checked("copy", result, options);
  }, options.signal);
}

/**
 * Makes the target equal to the source: copies entries that differ, and then deletes entries that only the target has. These are
 * not deleted if a path failed.
 *
 * ```ts
 * import { mirror } from "@escp/escp";
 *
 * const { files, deleted } = await mirror("photos", "backup:photos", { exclude: ["*.tmp"] });
 * console.log(`${files} files copied, ${deleted} entries deleted`);
 * ```
 *
 * @param source the source. Its entries are copied into `target` itself, not into a directory of its name.
 * @param target the copy of the source. Created if it is missing.
 * @throws as `copy` (rejects).
 */
export function mirror(source: string, target: string, options: MirrorOptions = {}): Run<CopyResult, CopyEvent> {
  return copy(source, target, { ...options, archive: true, update: true, delete: true, noTargetDirectory: true });
}

/**
 * Returns what `copy` would do with the same arguments. Changes nothing.
 *
 * ```ts
 * import { plan } from "@escp/escp";
 *
 * const { entries } = await plan("photos", "backup:archive", { recursive: true, update: true });
 * for (const { action, path } of entries) console.log(action, path);
 * ```
 *
 * @param sources one source or several, as for `copy`.
 * @param target as for `copy`.
 * @throws as `copy` (rejects).
 */
export function plan(
  sources: string | readonly string[],
  target: string,
  options: PlanOptions = {},
): Run<PlanResult, CopyEvent> {
  return startRun(async (emit, signal) => {
    const entries: PlannedEntry[] = [];
    const result = await run(
      { sources, target, options, known: PLAN_FLAGS, flags: { "dry-run": true, ...NOT_IN_DRY_RUNS } },
      collecting(entries, emit),
      signal,
    );
    return checked("plan the copy of", { ...result, entries }, options);
  }, options.signal);
}

/**
 * Compares the contents of the sources with the target, without copying. Both hosts read the files that have the same size.
 * Entries of the target that are not in the sources do not count.
 *
 * ```ts
 * import { verify } from "@escp/escp";
 *
 * const { same, differences } = await verify("photos", "backup:archive", { recursive: true });
 * if (!same) console.log(differences.map(({ path }) => path));
 * ```
 *
 * @param sources one source or several, as for `copy`.
 * @param target as for the `copy` that is verified.
 * @throws as `copy` (rejects). Differences are not an error.
 */
export function verify(
  sources: string | readonly string[],
  target: string,
  options: VerifyOptions = {},
): Run<VerifyResult, CopyEvent> {
  return startRun(async (emit, signal) => {
    const differences: PlannedEntry[] = [];
    const flags = { "dry-run": true, checksum: true, ...NOT_IN_DRY_RUNS, ...NOT_COMPARING };
    const result = await run(
      { sources, target, options, known: VERIFY_FLAGS, flags },
      collecting(differences, emit, ({ action }) => action !== "skip"),
      signal,
    );
    const same = differences.length === 0 && result.failed === 0;
    return checked("verify", { ...result, same, differences }, options);
  }, options.signal);
}

interface CopyTask {
  sources: string | readonly string[];
  target: string;
  options: CopyOptions;
  /** Rows of the options that the task has, besides those for connections. */
  known: readonly Flag[];
  /** Switches that select the task. */
  flags: RawFlags;
}

/** Runs a copy or a dry run. @throws the error that ended it. */
async function run(
  { sources, target, options, known, flags }: CopyTask,
  emit: (event: CopyEvent) => void,
  signal: AbortSignal,
): Promise<CopyResult> {
  const given = typeof sources === "string" ? [sources] : sources;
  if (given.length === 0 && options.filelist === undefined) throw new UsageError("Nothing to copy: there is no source");
  const operands = target === "" && options.filelist !== undefined ? given : [...given, target];
  const command = await commandFor("copy", { operands, options, known, flags });
  const { fileList, filesFrom } = command.options;
  const listed = fileList || filesFrom ? await import("../cli/options/listed_sources.ts") : undefined;
  const complete = listed ? await listed.withLists(command.options) : command.options;
  const failures: Failure[] = [];
  let totals: CopyTotals | undefined;
  const events = new EventTranslator();
  const note = (message: string) => emit({ type: "note", message });
  using program = libraryProgram(emit, { threads: threadsOf(options) });
  using logging = openCopyLog({ ...complete.output, quiet: true }, note);
  using reporting = complete.output.report && await runReport(complete.output.report, complete);
  const onEvent = (event: TransferEvent) => {
    logging.onEvent(event);
    const translated = events.translate(event);
    if (!translated) return;
    if (translated.type === "failed" && failures.length < MAX_FAILURES) failures.push(withoutType(translated));
    if (translated.type === "end") totals = withoutType(translated);
    emit(translated);
  };
  try {
    const failed = await copyTransfers(complete, {
      emit: reporting ? reporting.recordAll(onEvent) : onEvent,
      measure: reporting && ((transfer) => reporting.measure(transfer)),
      observer: reporting?.recorder,
      showsTotals: true,
      log: logging.log,
      signal,
      program,
    });
    await reporting?.finish(failed, onEvent);
  } catch (error) {
    const problem = await reporting?.writeFailed(signal.aborted ? new Interrupted() : error);
    if (problem !== undefined) note(problem);
    logging.onEvent({ type: "failed", path: "", message: messageOf(error) });
    throw error;
  }
  return { ...totals!, failures };
}

async function runReport(target: ReportTarget, run: RunOptions) {
  const { RunReport } = await import("../cli/run/run_report.ts");
  return new RunReport(target, run);
}

/** Returns the result. @throws {IncompleteError} if paths failed. */
function checked<Result extends CopyResult>(
  operation: string,
  result: Result,
  { throwOnFailure = true }: CopyOptions,
): Result {
  if (throwOnFailure && result.failed > 0) throw new IncompleteError(operation, result.failed, result);
  return result;
}

/** Returns a listener that also collects planned entries. */
function collecting(
  entries: PlannedEntry[],
  emit: (event: CopyEvent) => void,
  isWanted: (entry: PlannedEntry) => boolean = () => true,
): (event: CopyEvent) => void {
  return (event) => {
    if (event.type === "planned" && isWanted(event)) entries.push(withoutType(event));
    emit(event);
  };
}

function withoutType<Fields extends { type: string }>({ type: _type, ...fields }: Fields): Omit<Fields, "type"> {
  return fields;
}
