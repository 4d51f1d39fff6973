/** Runs the transfers of a copy, for the command line and for the library. */

import type { Log } from "../../log/log.ts";
import type { Manifest } from "../../transfer/client/manifest.ts";
import { ReservedNames } from "../../transfer/client/reserved_names.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { ShardSums } from "../../transfer/shard_sums.ts";
import type { SessionObserver } from "../../transfer/observer.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Transfer } from "../options/transfers.ts";
import type { Program } from "../program.ts";
import { hasSeveralHosts, nameHostOf, namingHosts } from "./name_hosts.ts";
import { runTransfer } from "./transfer.ts";

/** Note for rules that exclude nothing. */
const INCLUDE_ALONE = "--include without --exclude selects nothing: everything else is copied too. " +
  "To copy just the matching files, use --only";

/** Callbacks of a copy run, and the program that runs it. */
export interface CopyRunListeners {
  emit: (event: TransferEvent) => void;
  /** Called for each transfer. Returns a listener for its events. */
  measure?: (transfer: Transfer) => (event: TransferEvent) => void;
  /** Receives the sums of split files, or has those of all shards. */
  shards?: ShardSums;
  /** Observes the sessions, for a report. */
  observer?: SessionObserver;
  /** Whether the totals are shown to the user. Default: false. */
  showsTotals?: boolean;
  log: Log;
  /** Called if nothing of a transfer can be resumed. */
  unresumable?: () => void;
  /** Ends the run early; its reason is thrown. */
  signal: AbortSignal;
  program: Program;
}

/** Runs all transfers, and writes the manifest. @returns the number of failures. @throws the error that ended the run. */
export async function copyTransfers(run: RunOptions, listeners: CopyRunListeners): Promise<number> {
  const { transfers, host: { request } } = run;
  const { emit, measure, log, signal } = listeners;
  // With -R the escp that has started this process through ssh gives the same note.
  if (!run.expand && request.filters.length > 0 && request.filters.every(({ action }) => action === "include")) {
    emit({ type: "note", message: INCLUDE_ALONE });
  }
  using manifest = run.manifest === undefined ? undefined : await openManifest(run.manifest);
  const names = new ReservedNames();
  const naming = { several: hasSeveralHosts(transfers) };
  const runOne = (transfer: Transfer, emit: (event: TransferEvent) => void) => {
    const measured = measure?.(transfer);
    return runTransfer(transfer, run, names, {
      emit: namingHosts(transfer, (event) => {
        measured?.(event);
        emit(event);
      }, naming),
      showsTotals: listeners.showsTotals,
      begun: (session) => log.session = session,
      note: (text) => log.info(text),
      unresumable(why) {
        listeners.unresumable?.();
        log.info(`This copy cannot be resumed: ${why}`);
      },
      signal,
      observer: listeners.observer,
      shards: listeners.shards,
      manifest,
      program: listeners.program,
    }).catch((error) => {
      throw nameHostOf(error, transfer, naming);
    });
  };
  const runSeveral = async () => {
    const { runTransfers } = await import("./transfers.ts");
    return await runTransfers(transfers, runOne, { emit, signal });
  };
  const failed = transfers.length === 1 ? (await runOne(transfers[0], emit)).failed : await runSeveral();
  manifest?.write();
  return failed;
}

async function openManifest(path: string): Promise<Manifest> {
  const { Manifest } = await import("../../transfer/client/manifest.ts");
  return new Manifest(path);
}
