/** Commands and settings to start and reach the peer of a session, from the options of its host. */

import type { PeerCommand } from "../../session/model/peer_process.ts";
import { fixedCount, type StreamCount, USUAL_STREAMS } from "../../session/model/stream_count.ts";
import { formatHost, type RemoteHost } from "../../ssh/operand.ts";
import { remoteCommand } from "../../ssh/remote_command.ts";
import { sshCommand } from "../../ssh/command.ts";
import { canAsk } from "../ask.ts";
import type { HostAccess, HostOptions } from "../options/host_options.ts";
import type { Program } from "../program.ts";
import { serverPeer } from "./server_peer.ts";

/** Returns the command of ssh, the connection to a server, or for a local copy of this program itself. */
export function peerCommand(
  host: RemoteHost | undefined,
  access: HostAccess,
  options: Pick<HostOptions, "engine" | "request">,
  program: Program,
): PeerCommand {
  if (!host) return program.localPeer(options);
  if (host.serve) return serverPeer(host, access, options.request.timeoutMs, program);
  const { ssh, ports, reverse } = access;
  const portArgs = ports && !reverse ? [`--escp-portrange=${ports.first}-${ports.last}`] : [];
  const name = formatHost(host);
  const onErrorOutput = program.onErrorOutput?.bind(undefined, name);
  const command = sshCommand(ssh, host, remoteCommand(access, portArgs));
  return { ...command, name, capturesErrors: !canAsk(ssh), onErrorOutput };
}

/** Returns the options of sessions with a host, or with a process on this machine. */
export function sessionOptions(host: RemoteHost | undefined, { access, request, ...options }: HostOptions) {
  const { ssh: { addressFamily } } = access;
  const family: 4 | 6 | undefined = addressFamily && (addressFamily === "ipv4" ? 4 : 6);
  return {
    engine: options.engine,
    threads: options.threads,
    cipher: options.cipher,
    family,
    streams: streamsTo(host, options.streams),
    timeoutMs: request.timeoutMs,
    // A user who types a password may take any time.
    helloTimeoutMs: host && canAsk(access.ssh) ? undefined : request.timeoutMs,
  };
}

/** On this machine there is no latency that more streams could hide. */
function streamsTo(host: RemoteHost | undefined, streams: number | undefined): StreamCount {
  if (streams !== undefined) return fixedCount(streams);
  return host ? USUAL_STREAMS : fixedCount(USUAL_STREAMS.min);
}
