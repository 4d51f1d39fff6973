/** One transfer of a copy: how its other end is started, and what is told to it. */

import { UsageError } from "../../errors.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import { selfCommand } from "../../session/model/self_command.ts";
import { fixedCount, type StreamCount, USUAL_STREAMS } from "../../session/model/stream_count.ts";
import { formatHost } from "../../ssh/operand.ts";
import { remoteCommand } from "../../ssh/remote_command.ts";
import { sshCommand } from "../../ssh/ssh_command.ts";
import { copy } from "../../transfer/client/copy.ts";
import { type CopyOptions } from "../../transfer/client/copy_options.ts";
import { withRetries } from "../../transfer/client/retries.ts";
import type { Outcome } from "../../transfer/totals.ts";
import type { ReservedNames } from "../../transfer/client/reserved_names.ts";
import type { HostAccess, HostOptions } from "../options/host_options.ts";
import type { RemoteHost, Transfer } from "../options/transfers.ts";
import type { Options } from "../options/options.ts";
import { withRemoteEscp } from "../remote_escp.ts";
import { type Listeners } from "../options/transfers.ts";

/** Between this machine and another end, or between two other hosts. @throws what ended it. */
export async function runTransfer(
  transfer: Transfer,
  run: Options,
  taken: ReservedNames,
  listeners: Listeners,
): Promise<Outcome> {
  const options = { ...run, ...run.ofHosts?.(transfer) };
  if (listeners.manifest && (transfer.direction === "origin" || transfer.direction === "relay")) {
    throw new UsageError('Cannot use "--manifest" between two other hosts: the files are not on this one');
  }
  if (transfer.direction === "origin") {
    const { namesOnOrigin, runOnOrigin } = await import("./on_origin.ts");
    taken.ofCopy().reserve(namesOnOrigin(transfer, options));
    const others = othersOf(transfer, options);
    return await withRemoteEscp(
      transfer,
      options,
      listeners,
      (placed) => runOnOrigin(transfer, placed, { ...listeners, others }),
    );
  }
  return await withRemoteEscp(
    transfer,
    options,
    listeners,
    (placed) => runFromHere(transfer, placed, taken, listeners),
  );
}

async function runFromHere(
  transfer: Transfer,
  options: Options,
  taken: ReservedNames,
  listeners: Listeners,
): Promise<Outcome> {
  const { engine, cipher, recursive, preserve, symlinks, hardlinks, filters, bytesPerSecond } = options;
  const { sparse, fsync, verify, dummy, xattrs, acls, update, dryRun, direct, compress, congestion, blockBytes } =
    options;
  const { timeoutMs, resume } = options;
  const { remote, origin } = transfer;
  const shared = {
    sources: transfer.sources,
    target: { path: transfer.target.path, others: othersOf(transfer, options), taken: taken.ofCopy() },
    family: familyOf(options),
    engine,
    threads: options.threads,
    cipher,
    helloTimeoutMs: mayAsk(transfer, options) ? undefined : timeoutMs,
    streams: streamsTo(remote, options),
    request: {
      recursive,
      preserve,
      symlinks,
      hardlinks,
      sparse,
      direct,
      fsync,
      verify,
      dummy,
      xattrs,
      acls,
      update,
      dryRun,
      filters,
      bytesPerSecond,
      compress,
      congestion,
      blockBytes,
      timeoutMs,
      log: options.remoteLog,
      resume,
    },
    ...listeners,
  };
  const again = { retries: retriesOf(options), emit: listeners.emit, signal: listeners.signal };
  if (transfer.direction === "relay") {
    const { relay } = await import("../../transfer/relay/relay.ts");
    const relayed = {
      ...shared,
      from: {
        peer: peerCommand({ ...options, ...options.originAccess }, origin),
        reach: { ...accessTo(options.originAccess ?? options), host: origin! },
      },
      to: { peer: peerCommand(options, remote), reach: { ...accessTo(options), host: remote! } },
    };
    return await withRetries(again, (emit) => relay({ ...relayed, emit }));
  }
  const copied: CopyOptions = {
    ...shared,
    // In a local copy the other end cannot have this one's standard output, so it is the sender then.
    direction: transfer.direction === "pull" || options.toOutput ? "pull" : "push",
    globs: options.expand,
    fromInput: options.fromInput,
    toOutput: options.toOutput,
    peer: peerCommand(options, remote),
    reach: remote && { ...accessTo(options), host: remote },
  };
  return await withRetries(again, (emit) => copy({ ...copied, emit }));
}

/** Without the marks that resuming leaves, a directory that one try has made is to the next one a directory to copy into. */
function retriesOf({ retries, fromInput, toOutput, dryRun, resume, recursive }: Options): number {
  const canRepeat = !fromInput && !toOutput && !dryRun && (resume || !recursive);
  return canRepeat ? retries : 0;
}

/** Sources that go to the same target with other transfers. A list has a directory as its target, however short it is. */
export function othersOf(transfer: Transfer, { sources, fileList }: Options): number {
  return sources.length - transfer.sources.length + (fileList ? 1 : 0);
}

/** Whether ssh may be waiting for what somebody types, which takes its time. */
export function mayAsk(
  { remote, origin }: Pick<Transfer, "remote" | "origin">,
  { ssh }: Pick<HostAccess, "ssh">,
): boolean {
  return (remote ?? origin) !== undefined && !ssh.batch && Deno.stderr.isTerminal();
}

/** ssh, or for a local copy this program itself. */
export function peerCommand(options: HostOptions, host: RemoteHost | undefined): PeerCommand {
  if (!host) {
    const self = selfCommand();
    const args = [...self.args, "--receiver", "--local-peer", "--engine", options.engine];
    return { program: self.program, args, name: "this machine", isEnd: true };
  }
  const { ports, reverse } = options;
  const wish = ports && !reverse ? [`--escp-portrange=${ports.first}-${ports.last}`] : [];
  const { program, args } = sshCommand(options.ssh, host, remoteCommand(options.remotePath, wish));
  return { program, args, name: formatHost(host) };
}

/** As many as the user says. On this machine no way is long. */
export function streamsTo(host: RemoteHost | undefined, { streams }: Pick<HostOptions, "streams">): StreamCount {
  if (streams !== undefined) return fixedCount(streams);
  return host ? USUAL_STREAMS : fixedCount(USUAL_STREAMS.min);
}

export function accessTo({ ssh, remotePath, dataAddress, tunnel, reverse }: HostAccess) {
  return { ssh, remotePath, dataAddress, tunnel, reverse };
}

export function familyOf({ ssh }: Pick<HostAccess, "ssh">): 4 | 6 | undefined {
  if (!ssh.addressFamily) return undefined;
  return ssh.addressFamily === "ipv4" ? 4 : 6;
}
