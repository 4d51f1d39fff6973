/** One leg of a copy: how its other end is started, and what is told to it. */

import { UsageError } from "../../errors.ts";
import type { PeerCommand } from "../../session/model/peer_process.ts";
import { selfCommand } from "../../session/model/self_command.ts";
import { exactly, type StreamCount, USUAL_STREAMS } from "../../session/model/stream_count.ts";
import { formatHost } from "../../ssh/operand.ts";
import { remoteCommand } from "../../ssh/remote_command.ts";
import { sshCommand } from "../../ssh/ssh_command.ts";
import { copy } from "../../transfer/client/copy.ts";
import { type CopyOptions } from "../../transfer/client/copy_options.ts";
import { withRetries } from "../../transfer/client/retries.ts";
import type { Outcome } from "../../transfer/send/send.ts";
import type { TakenNames } from "../../transfer/client/shared_target.ts";
import type { HostAccess, HostOptions } from "../options/host_options.ts";
import type { Leg, RemoteHost } from "../options/legs.ts";
import type { Options } from "../options/options.ts";
import { withRemoteEscp } from "../remote_escp.ts";
import { type Listeners } from "../options/legs.ts";

/** Between this machine and another end, or between two other hosts. @throws what ended it. */
export async function runLeg(leg: Leg, run: Options, taken: TakenNames, listeners: Listeners): Promise<Outcome> {
  const options = { ...run, ...run.ofHosts?.(leg) };
  if (listeners.manifest && (leg.direction === "origin" || leg.direction === "relay")) {
    throw new UsageError('Cannot use "--manifest" between two other hosts: the files are not on this one');
  }
  if (leg.direction === "origin") {
    const { namesOnOrigin, runOnOrigin } = await import("./on_origin.ts");
    taken.ofCopy().take(namesOnOrigin(leg, options));
    const others = othersOf(leg, options);
    return await withRemoteEscp(
      leg,
      options,
      listeners,
      (placed) => runOnOrigin(leg, placed, { ...listeners, others }),
    );
  }
  return await withRemoteEscp(leg, options, listeners, (placed) => runFromHere(leg, placed, taken, listeners));
}

async function runFromHere(leg: Leg, options: Options, taken: TakenNames, listeners: Listeners): Promise<Outcome> {
  const { engine, cipher, recursive, preserve, symlinks, hardlinks, filters, bytesPerSecond } = options;
  const { sparse, fsync, verify, dummy, xattrs, acls, update, dryRun, direct, compress, congestion, blockBytes } =
    options;
  const { timeoutMs, resume } = options;
  const { remote, origin } = leg;
  const shared = {
    sources: leg.sources,
    target: { path: leg.target.path, others: othersOf(leg, options), taken: taken.ofCopy() },
    family: familyOf(options),
    engine,
    threads: options.threads,
    cipher,
    helloTimeoutMs: mayAsk(leg, options) ? undefined : timeoutMs,
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
  if (leg.direction === "relay") {
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
    direction: leg.direction === "pull" || options.toOutput ? "pull" : "push",
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

/** Sources that go to the same target with other legs. A list has a directory as its target, however short it is. */
export function othersOf(leg: Leg, { sources, fileList }: Options): number {
  return sources.length - leg.sources.length + (fileList ? 1 : 0);
}

/** Whether ssh may be waiting for what somebody types, which takes its time. */
export function mayAsk({ remote, origin }: Pick<Leg, "remote" | "origin">, { ssh }: Pick<HostAccess, "ssh">): boolean {
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
  if (streams !== undefined) return exactly(streams);
  return host ? USUAL_STREAMS : exactly(USUAL_STREAMS.few);
}

export function accessTo({ ssh, remotePath, dataAddress, tunnel, reverse }: HostAccess) {
  return { ssh, remotePath, dataAddress, tunnel, reverse };
}

export function familyOf({ ssh }: Pick<HostAccess, "ssh">): 4 | 6 | undefined {
  if (!ssh.addressFamily) return undefined;
  return ssh.addressFamily === "ipv4" ? 4 : 6;
}
