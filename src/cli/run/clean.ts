/** `--clean`: removes leftovers of abandoned copies on this machine and on remote hosts, one after the other. */

import { messageOf } from "../../errors.ts";
import { UNLOCKED_MS } from "../../transfer/clean/clean.ts";
import { CleanJson, CleanListing, type CleanReport } from "../../ui/clean_report.ts";
import { Terminal } from "../../ui/terminal.ts";
import { openCopyLog } from "../copy_log.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { CleanOptions } from "../options/clean_options.ts";
import { formatAge } from "../options/values/time.ts";
import { ESCP } from "../program.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { cleanPlaces, nameOf, shown } from "./clean_places.ts";

/** Runs `--clean`. @returns 0 if nothing failed, else 1. @throws the error that ended the run. */
export async function runClean(options: CleanOptions): Promise<number> {
  const { output: { quiet, json, verbose } } = options;
  const terminal = new Terminal({ quiet: quiet || json, verbose });
  using logging = openCopyLog(options.output, (line) => terminal.printLine(line));
  using stop = stopSignals();
  const output = new Output();
  const report = reportFor(options, output.write);
  const signal = AbortSignal.any([stop.signal, output.lost]);
  const { onEvent } = terminal;
  report.begin();
  const cleaning = cleanPlaces(options, { report, onEvent, logging, signal, program: ESCP }).finally(() =>
    terminal.close()
  );
  const outcome = await cleaning.catch((error) => {
    const message = messageOf(error);
    logging.onEvent({ type: "failed", path: "", message });
    report.end({ status: "error", exitStatus: exitStatusOf(error), message });
    throw error;
  });
  const exitStatus = outcome.failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
  report.end({ status: exitStatus === EXIT_STATUS.ok ? "ok" : "failed", exitStatus, outcome });
  output.lost.throwIfAborted();
  return exitStatus;
}

function reportFor(
  { output: { quiet, json }, places, olderThanMs, dryRun }: CleanOptions,
  write: (text: string) => void,
): CleanReport {
  const directories = places.flatMap((place) => place.directories.map((path) => shown(nameOf(place), path)))
    .filter((text) => text !== "");
  const age = formatAge(Math.max(olderThanMs, UNLOCKED_MS) / 1000);
  const about = { version: VERSION, directories, age, dryRun };
  if (json) return new CleanJson(about, { write, now: () => performance.now() });
  return new CleanListing(about, quiet ? () => {} : write);
}
