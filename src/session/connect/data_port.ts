/** The TCP port on which the remote end accepts streams. */

import { UserError } from "../../errors.ts";
import { DEFAULT_PORTS, type PortRange } from "../../ssh/port_range.ts";

/**
 * Listens on the first free port of the range. Without a range, listens on a free default port, or else on any port.
 *
 * @param hostname "127.0.0.1" for a peer on this machine; undefined for all addresses, IPv6 and IPv4.
 * @returns one listener or two, at the same port.
 * @throws {UserError} if there is no free port.
 */
export function listenForStreams(hostname: string | undefined, range?: PortRange): Deno.TcpListener[] {
  const { first, last } = range ?? DEFAULT_PORTS;
  for (let port = first; port <= last; port++) {
    const listener = tryListen(hostname, port);
    if (listener) return withIpv4(listener);
  }
  const listener = range ? undefined : tryListen(hostname, 0);
  if (listener) return withIpv4(listener);
  if (!range) throw new UserError("Cannot listen for data: the system has no free port");
  const ports = first === last ? `port ${first}: it is` : `ports ${first}-${last}: all are`;
  throw new UserError(`Cannot listen for data on ${ports} taken, or may not be used by this user`, {
    hint: "Choose others with --escp-port and --escp-portrange, or in the configuration of the host that listens",
  });
}

/**
 * As `listenForStreams` at one address, and at the same port of loopback, for streams through a server or the control channel.
 *
 * @throws {UserError} if there is no free port.
 */
export function listenAtAddress(address: string, range?: PortRange): Deno.TcpListener[] {
  const listeners = listenForStreams(address, range);
  const [{ addr: { hostname, port } }] = listeners;
  const loopback = hostname === "127.0.0.1" ? undefined : tryListen("127.0.0.1", port);
  return loopback ? [...listeners, loopback] : listeners;
}

function tryListen(hostname: string | undefined, port: number): Deno.TcpListener | undefined {
  // "::" usually accepts both families. "0.0.0.0" is for systems without IPv6.
  for (const address of hostname ? [hostname] : ["::", "0.0.0.0"]) {
    try {
      return Deno.listen({ hostname: address, port });
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) return undefined;
      if (address !== "::") throw error;
    }
  }
  return undefined;
}

/** Adds a listener for IPv4 if the system restricts "::" to IPv6 (net.ipv6.bindv6only). */
export function withIpv4(listener: Deno.TcpListener): Deno.TcpListener[] {
  const { hostname, port } = listener.addr;
  try {
    const more = hostname === "::" ? tryListen("0.0.0.0", port) : undefined;
    return more ? [listener, more] : [listener];
  } catch {
    // A system without IPv4.
    return [listener];
  }
}
