/** A copy run: its transfers, the terminal, the log, signals and the exit status. */

import { messageOf, UserError } from "../../errors.ts";
import { baseName, PATH_STYLE } from "../../files/path/local_path.ts";
import { formatHost, formatOperand } from "../../ssh/operand.ts";
import { MAX_FIRST_STATS } from "../../transfer/client/copy_options.ts";
import type { CopyRequest } from "../../transfer/client/copy_request.ts";
import { hintWhenLost } from "../../transfer/client/lost_copy.ts";
import type { FinishedEvent, TransferEvent } from "../../transfer/events.ts";
import { writeStderr } from "../../log/write_all.ts";
import { printable } from "../../escape_text.ts";
import { Terminal } from "../../ui/terminal.ts";
import { openCopyLog } from "../copy_log.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Source, Transfer } from "../options/transfers.ts";
import type { ReportTarget } from "../options/values/report_target.ts";
import { ESCP } from "../program.ts";
import type { PartOfCopy } from "../shard/shard_run.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { copyTransfers } from "./copy_transfers.ts";
import { hostsOf } from "./name_hosts.ts";

/**
 * Time until signals end a copy of a few files even if the main thread is stuck. In milliseconds. A small copy ends before, and
 * needs no Worker, which costs 30 ms of processor time. The runtime accesses the given paths first in other threads
 * (client_job.ts), but neither those below a directory nor those of patterns.
 */
const FILES_GUARD_AFTER_MS = 1_000;

/** Runs a copy. @returns 0 if everything was copied, else 1. @throws the error that ended the run. */
export async function runCopy(given: RunOptions): Promise<number> {
  // Before anything can fail, so that no report of an earlier run stands for this one.
  const part = await partOfCopy(given);
  try {
    return await runPart(given, part);
  } catch (error) {
    const problem = part?.fail(error);
    if (problem !== undefined) writeStderr(`escp: ${printable(problem)}\n`);
    throw error;
  }
}

async function runPart(given: RunOptions, part: PartOfCopy | undefined): Promise<number> {
  const { fileList, filesFrom } = given;
  const run = fileList || filesFrom ? await (await import("../options/listed_sources.ts")).withLists(given) : given;
  const { fromInput, toOutput, output: { quiet, json, verbose, bits }, host: { request } } = run;
  const times = run.output.stats ? await phaseTimes(request) : undefined;
  const output = new Output();
  // With --json the terminal shows no progress. Errors are printed on standard error in any case.
  const terminal = new Terminal({
    quiet: quiet || json,
    verbose,
    bits,
    label: labelOf(run.sources),
    skippedAs: request.skipExisting || request.onlyExisting ? "skipped" : undefined,
    stats: times && (() => times.lines()),
  });
  const listing = json ? undefined : await listingOf(request, output, terminal);
  using logging = openCopyLog(run.output, (line) => terminal.printLine(line));
  const { log } = logging;
  using reporting = run.output.report && await runReport(run.output.report, run);
  // The event "end" follows even if the run cannot begin.
  const report = json ? await jsonReport(run, output) : undefined;
  let hasBegun = false;
  let unresumable = false;
  const oneTimeHosts = oneTimeHostsOf(run.transfers);
  let isUsedUp = false;
  const hint = () => hasBegun ? hintWhenLost({ ...request, fromInput, toOutput, unresumable, isUsedUp }) : undefined;
  const isSmall = !request.recursive && !fileList && !filesFrom && !run.expand && run.sources.length <= MAX_FIRST_STATS;
  using stop = stopSignals({ hint, guardAfterMs: isSmall ? FILES_GUARD_AFTER_MS : undefined });
  const signal = AbortSignal.any([stop.signal, output.lost]);
  const writesOutput = toOutput && run.outputDescriptor === 1;
  const listeners: ((transfer: Transfer) => (event: TransferEvent) => void)[] = [
    ...(times ? [(transfer: Transfer) => times.begin(hostsOf(transfer))] : []),
    ...(reporting ? [(transfer: Transfer) => reporting.measure(transfer)] : []),
  ];
  const emit = (event: TransferEvent) => {
    if (event.type === "connected") {
      hasBegun = true;
      isUsedUp ||= event.host !== undefined && oneTimeHosts.has(event.host);
    }
    if (writesOutput && event.type === "failed" && event.code === "EPIPE" && event.side === "receiver") {
      return output.closed();
    }
    report?.onEvent(event);
    listing?.onEvent(event);
    logging.onEvent(event);
    terminal.onEvent(event);
  };
  const emitRecorded = reporting ? reporting.recordAll(emit) : emit;
  let end: FinishedEvent | undefined;
  // The last event of a shard follows its report.
  const emitBeforeEnd = (event: TransferEvent) => {
    if (event.type === "finished") end = event;
    else emitRecorded(event);
  };
  try {
    if (run.cpumask || run.nodemask) {
      const { setAffinity } = await import("../../native/process/cpu_affinity.ts");
      setAffinity(run).forEach((note) => log.warn(note));
    }
    // With -R another escp has started this process through ssh.
    if (run.expand) (await import("../end_with_channel.ts")).endWithOutput();
    if (part) part.begin(await (await import("../shard/copy_properties.ts")).copyProperties(run));
    const copied = await copyTransfers(run, {
      emit: part ? emitBeforeEnd : emitRecorded,
      measure: listeners.length > 0 ? (transfer) => together(listeners.map((begin) => begin(transfer))) : undefined,
      observer: reporting?.recorder,
      shards: part?.sums,
      showsTotals: json || terminal.showsProgress || undefined,
      log,
      unresumable: () => unresumable = true,
      signal,
      program: ESCP,
    });
    output.lost.throwIfAborted();
    const failed = part?.finish(copied, end, emitRecorded) ?? copied;
    const all = reporting ? await reporting.finish(failed, emit) : failed;
    output.lost.throwIfAborted();
    return all > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
  } catch (error) {
    const problem = await reporting?.writeFailed(error);
    if (problem !== undefined) terminal.printLine(`escp: ${problem}`);
    const message = messageOf(error);
    logging.onEvent({ type: "failed", path: "", message });
    report?.fail(message, exitStatusOf(error), error instanceof UserError ? error : {});
    throw error;
  } finally {
    listing?.flush();
    terminal.close();
  }
}

/** Opens the reports of shards; undefined if the run is not part of a copy by several processes. @throws {UserError} */
async function partOfCopy(run: RunOptions): Promise<PartOfCopy | undefined> {
  const { shard, host: { request } } = run;
  const { dryRun = false } = request;
  if (!shard || shard.reports === undefined || (dryRun && shard.number.index !== undefined)) return undefined;
  const { number: { index, count }, reports } = shard;
  (await import("../shard/copy_properties.ts")).checkPlaceOfReports(reports, run);
  if (index !== undefined) {
    return new (await import("../shard/shard_run.ts")).ShardRun(reports, { count, shard: index });
  }
  return new (await import("../shard/finish_run.ts")).FinishRun(reports, { count }, { dryRun });
}

async function runReport(target: ReportTarget, run: RunOptions) {
  const { RunReport } = await import("./run_report.ts");
  return new RunReport(target, run);
}

/** Returns the names of the hosts of one-time URLs. */
function oneTimeHostsOf(transfers: readonly Transfer[]): Set<string> {
  const hosts = transfers.flatMap(({ origin, remote }) => [origin, remote]);
  return new Set(hosts.flatMap((host) => host?.serve?.oneTimeKey ? [formatHost(host)] : []));
}

/** Returns a listener that calls all of the listeners. */
function together(listeners: readonly ((event: TransferEvent) => void)[]): (event: TransferEvent) => void {
  return (event) => listeners.forEach((listener) => listener(event));
}

async function phaseTimes({ verify = false }: { verify?: boolean }) {
  const { PhaseTimes } = await import("../../ui/phase_times.ts");
  return new PhaseTimes(() => performance.now(), { verify });
}

async function jsonReport({ sources, target, fileList, filesFrom }: RunOptions, { write }: Output) {
  const { JsonReport } = await import("../../ui/json_report.ts");
  return new JsonReport({ write, now: () => performance.now() }, {
    version: VERSION,
    // Without the entries of a list, which may have a million.
    sources: sources.filter(({ literal }) => !literal).map(({ operand }) => formatOperand(operand)),
    filelist: (fileList ?? filesFrom)?.file,
    target: target ? formatOperand(target) : "",
  });
}

/** Returns the list of entries on standard output; undefined if there is none. */
async function listingOf({ dryRun, itemize }: CopyRequest, output: Output, terminal: Terminal) {
  const write = (text: string) => {
    terminal.clear();
    output.write(text);
  };
  if (itemize) return new (await import("../../ui/item_listing.ts")).ItemListing(write);
  return dryRun ? new (await import("../../ui/plan_listing.ts")).PlanListing(write) : undefined;
}

/** Returns the label of the progress line: the name of the only source. */
function labelOf(sources: readonly Source[]): string | undefined {
  if (sources.length !== 1) return undefined;
  const { kind, path } = sources[0].operand;
  return baseName(path, kind === "remote" ? "posix" : PATH_STYLE) || undefined;
}
