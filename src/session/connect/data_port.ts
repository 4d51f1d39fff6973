/** The TCP port where the remote end awaits streams. */

import { UserError } from "../../errors.ts";

/** The range that the field's reference tool uses; firewalls that know it are open here. */
export const DEFAULT_PORTS = { first: 1232, last: 1242 } as const;

/** Ports to try, in their order. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Listens on the first free port of the range. Without one that somebody asked for, any port of the system will do when
 * those that are known are taken.
 *
 * @param hostname "127.0.0.1" for a peer on this machine; undefined for all addresses, IPv6 and IPv4.
 * @returns one listener or two, at the same port.
 * @throws {UserError} when no port can be had.
 */
export function listenForStreams(hostname: string | undefined, range?: PortRange): Deno.TcpListener[] {
  const { first, last } = range ?? DEFAULT_PORTS;
  for (let port = first; port <= last; port++) {
    const listener = tryListen(hostname, port);
    if (listener) return withIpv4(listener);
  }
  const listener = range ? undefined : tryListen(hostname, 0);
  if (listener) return withIpv4(listener);
  if (!range) throw new UserError("Cannot listen for data: the system has no port left");
  const ports = first === last ? `port ${first}: it is` : `ports ${first}-${last}: all are`;
  throw new UserError(`Cannot listen for data on ${ports} taken, or may not be used by this user`, {
    hint: "Choose others with --escp-port and --escp-portrange, or in the configuration of the host that listens",
  });
}

function tryListen(hostname: string | undefined, port: number): Deno.TcpListener | undefined {
  // "::" takes both families as a rule; where there is no IPv6, "0.0.0.0" is all there is.
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

/** Where the system keeps "::" to IPv6 (net.ipv6.bindv6only), IPv4 has a listener of its own. */
function withIpv4(listener: Deno.TcpListener): Deno.TcpListener[] {
  const { hostname, port } = listener.addr;
  try {
    const more = hostname === "::" ? tryListen("0.0.0.0", port) : undefined;
    return more ? [listener, more] : [listener];
  } catch {
    // A system without IPv4.
    return [listener];
  }
}
