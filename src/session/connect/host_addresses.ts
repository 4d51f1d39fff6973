/** Addresses of this host. */

/** Maximum number of addresses in a hello. */
const MAX_ADDRESSES = 32;

/**
 * Returns addresses for data connections, the most likely first: the one that ssh has reached (third field of
 * SSH_CONNECTION, ssh(1)), then those of interfaces, without loopback and link-local ones.
 */
export function hostAddresses(sshConnection: string | undefined): string[] {
  const addresses = new Set<string>();
  const reached = sshConnection?.split(" ")[2];
  if (reached) addresses.add(withoutZone(reached));
  for (const { address, name } of interfaces()) {
    if (name === "lo" || address.startsWith("127.") || address === "::1" || isLinkLocal(address)) continue;
    addresses.add(address);
  }
  return [...addresses].slice(0, MAX_ADDRESSES);
}

/** Returns the address that ssh came from: the first field of SSH_CONNECTION (ssh(1)). */
export function clientAddress(sshConnection: string | undefined): string | undefined {
  return sshConnection?.split(" ")[0] || undefined;
}

function interfaces(): { address: string; name: string }[] {
  try {
    return Deno.networkInterfaces();
  } catch {
    // Some containers and sandboxes do not allow it. The address of ssh remains.
    return [];
  }
}

/** Returns whether an IPv6 address is valid on one network only (fe80::/10). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** Returns the zone of a link-local address, such as "%eth0"; undefined for other addresses and for names. */
export function zoneOf(address: string): string | undefined {
  return isLinkLocal(address) ? /%.+$/.exec(address)?.[0] : undefined;
}

/** Returns an address without its zone. */
export function withoutZone(address: string): string {
  return address.split("%")[0];
}
