/** Runs one transfer of a copy run. */

import { UsageError } from "../../errors.ts";
import { checkDescriptor } from "../../files/output/standard_output.ts";
import { copy } from "../../transfer/client/copy.ts";
import type { ReservedNames } from "../../transfer/client/reserved_names.ts";
import { withRetries } from "../../transfer/client/retries.ts";
import type { Outcome } from "../../transfer/totals.ts";
import type { HostOptions } from "../options/host_options.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Transfer, TransferListeners } from "../options/transfers.ts";
import { withRemoteEscp } from "../remote_escp.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/**
 * Copies between this machine and a peer, or between two remote hosts.
 *
 * @param names names that the transfers of the run write.
 * @throws the error that ended the transfer.
 */
export async function runTransfer(
  transfer: Transfer,
  run: RunOptions,
  names: ReservedNames,
  listeners: TransferListeners,
): Promise<Outcome> {
  const { direction } = transfer;
  const options = run.ofHosts?.(transfer) ?? run.host;
  if (listeners.manifest && (direction === "origin" || direction === "relay")) {
    throw new UsageError('Cannot use "--manifest" between two remote hosts: the files are not on this machine');
  }
  if (direction === "origin") {
    const { namesOnOrigin, runOnOrigin } = await import("./on_origin.ts");
    names.ofCopy().reserve(namesOnOrigin(transfer, options.request));
    const others = othersOf(transfer, run);
    return await withRemoteEscp(
      transfer,
      options,
      listeners,
      (installed) => runOnOrigin(transfer, installed, { ...listeners, others }),
    );
  }
  return await withRemoteEscp(
    transfer,
    options,
    listeners,
    (installed) => runFromThisMachine(transfer, run, installed, { names, listeners }),
  );
}

async function runFromThisMachine(
  transfer: Transfer,
  run: RunOptions,
  options: HostOptions,
  { names, listeners }: { names: ReservedNames; listeners: TransferListeners },
): Promise<Outcome> {
  const { remote, origin, sources, target, direction } = transfer;
  const { access, originAccess = access, request } = options;
  const { fromInput, toOutput, outputDescriptor } = run;
  const { program } = listeners;
  if (toOutput) checkDescriptor(outputDescriptor);
  const shared = {
    ...listeners,
    ...sessionOptions(remote, options),
    sources,
    listed: run.listed,
    target: { path: target.path, others: othersOf(transfer, run), names: names.ofCopy() },
    request: { ...request, countsAhead: listeners.showsTotals },
  };
  const retry = { retries: retriesOf(run, options), emit: listeners.emit, signal: listeners.signal };
  if (direction === "relay") {
    const { relay } = await import("../../transfer/relay/relay.ts");
    const relayed = {
      ...shared,
      from: { peer: peerCommand(origin, originAccess, options, program), reach: { ...originAccess, host: origin! } },
      to: { peer: peerCommand(remote, access, options, program), reach: { ...access, host: remote! } },
    };
    return await withRetries(retry, (emit) => relay({ ...relayed, emit }));
  }
  const copied = {
    ...shared,
    // In a local copy the other process has another standard output, so it must be the sender.
    direction: direction === "pull" || toOutput ? "pull" as const : "push" as const,
    globs: run.expand,
    fromInput,
    toOutput,
    outputDescriptor,
    peer: peerCommand(remote, access, options, program),
    reach: remote && { ...access, host: remote },
  };
  return await withRetries(retry, (emit) => copy({ ...copied, emit }));
}

/**
 * Returns the number of retries. A copy with --no-resume has no records, so it cannot be repeated if it creates directories: the
 * next attempt would copy into a directory of the previous one.
 */
function retriesOf({ fromInput, toOutput }: RunOptions, { retries, request }: HostOptions): number {
  const { dryRun, resume, recursive } = request;
  const canRepeat = !fromInput && !toOutput && !dryRun && (resume || !recursive);
  return canRepeat ? retries : 0;
}

/** Returns the number of sources that other transfers copy to the same target. A list always has a directory as target. */
function othersOf(transfer: Transfer, { sources, fileList }: RunOptions): number {
  return sources.length - transfer.sources.length + (fileList ? 1 : 0);
}
