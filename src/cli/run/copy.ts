/** A copy as the user asked for it: its transfers, the terminal, the signals, the exit status. */

import { baseName, PATH_STYLE } from "../../files/path/local_path.ts";
import { formatOperand } from "../../ssh/operand.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import { hintWhenLost } from "../../transfer/client/lost_copy.ts";
import type { Manifest } from "../../transfer/client/manifest.ts";
import { ReservedNames } from "../../transfer/client/reserved_names.ts";
import { Terminal } from "../../ui/terminal.ts";
import { openCopyLog } from "../copy_log.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { Source, Transfer } from "../options/transfers.ts";
import type { Options } from "../options/options.ts";
import { runTransfer } from "./transfer.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/** @returns 0 when everything was copied, 1 when something was not. @throws what ended the copy. */
export async function runCopy(given: Options): Promise<number> {
  const { fileList } = given;
  const options = fileList ? await (await import("../options/listed_sources.ts")).withListed(given, fileList) : given;
  const output = new Output();
  const report = options.json ? await jsonReport(options, output) : undefined;
  // Whoever reads JSON gets no second story on the terminal; what failed is on stderr all the same.
  const terminal = new Terminal({
    quiet: options.quiet || options.json,
    verbose: options.verbose,
    bits: options.bits,
    label: labelOf(options.sources),
  });
  const listing = options.dryRun && !options.json ? await planListing(output, terminal) : undefined;
  using logging = openCopyLog({ ...options, file: options.log }, (line) => terminal.printLine(line));
  const { log } = logging;
  let unresumable = false;
  using stop = stopSignals(() => hintWhenLost({ ...options, unresumable }));
  const signal = AbortSignal.any([stop.signal, output.lost]);
  const emit = (event: TransferEvent) => {
    report?.onEvent(event);
    listing?.onEvent(event);
    logging.onEvent(event);
    terminal.onEvent(event);
  };
  if (options.cpumask || options.nodemask) {
    const { setAffinity } = await import("../../native/process/cpu_affinity.ts");
    setAffinity(options).forEach((note) => log.warn(note));
  }
  // With -R this process was started through ssh by another escp.
  if (options.expand) (await import("../end_with_channel.ts")).endWithOutput();
  using manifest = options.manifest === undefined ? undefined : await openManifest(options.manifest);
  const taken = new ReservedNames();
  const run = (transfer: Transfer, emit: (event: TransferEvent) => void) =>
    runTransfer(transfer, options, taken, {
      emit,
      begun: (session) => log.session = session,
      note: (text) => log.info(text),
      unresumable(why) {
        unresumable = true;
        log.info(`This copy cannot be resumed: ${why}`);
      },
      signal,
      manifest,
    });
  const { transfers } = options;
  const runSeveral = async () => {
    const { runTransfers } = await import("./transfers.ts");
    return await runTransfers(transfers, run, { emit, signal });
  };
  try {
    const failed = transfers.length === 1 ? (await run(transfers[0], emit)).failed : await runSeveral();
    output.lost.throwIfAborted();
    manifest?.write();
    return statusOf(failed);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logging.onEvent({ type: "failed", path: "", message });
    report?.fail(message, exitStatusOf(error));
    throw error;
  } finally {
    listing?.flush();
    terminal.close();
  }
}

function statusOf(failed: number): number {
  return failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
}

async function openManifest(path: string): Promise<Manifest> {
  const { Manifest } = await import("../../transfer/client/manifest.ts");
  return new Manifest(path);
}

async function jsonReport(options: Options, { write }: Output) {
  const { JsonReport } = await import("../../ui/json_report.ts");
  const { target, fileList } = options;
  return new JsonReport({ write, now: () => performance.now() }, {
    version: VERSION,
    // A list may be longer than anybody wants to see it.
    sources: options.sources.filter(({ literal }) => !literal).map(({ operand }) => formatOperand(operand)),
    ...(fileList ? { filelist: fileList.file } : {}),
    target: target ? formatOperand(target) : "",
  });
}

async function planListing(output: Output, terminal: Terminal) {
  const { PlanListing } = await import("../../ui/plan_listing.ts");
  return new PlanListing((text) => {
    terminal.clear();
    output.write(text);
  });
}

/** What the progress line is about: the name of the only source. */
function labelOf(sources: readonly Source[]): string | undefined {
  if (sources.length !== 1) return undefined;
  const { kind, path } = sources[0].operand;
  return baseName(path, kind === "remote" ? "posix" : PATH_STYLE) || undefined;
}
