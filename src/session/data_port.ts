/** The TCP port where the remote end awaits streams. */

/** The range that the field's reference tool uses; firewalls that know it are open here. */
export const DEFAULT_PORTS = { first: 1232, last: 1242 } as const;

/**
 * Listens on the first free port of the range, else on one from the system.
 *
 * @param hostname "127.0.0.1" for a peer on this machine; undefined for all addresses, IPv6 and IPv4.
 */
export function listenForStreams(
  hostname: string | undefined,
  range: { first: number; last: number } = DEFAULT_PORTS,
): Deno.TcpListener {
  for (let port = range.first; port <= range.last; port++) {
    const listener = tryListen(hostname, port);
    if (listener) return listener;
  }
  const listener = tryListen(hostname, 0);
  if (!listener) throw new Error("Cannot listen for streams: the system has no port left");
  return listener;
}

function tryListen(hostname: string | undefined, port: number): Deno.TcpListener | undefined {
  // "::" takes both families; where there is no IPv6, "0.0.0.0" is all there is.
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
