import { parseIp } from "./ip_address.ts";

/** Returns the network that limits count as one client: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function clientNetwork(address: string): string {
  const bytes = parseIp(address);
  if (bytes === undefined) return address;
  return bytes.length === 4 ? bytes.join(".") : `${groupsOf(bytes, 4)}::/64`;
}

/** Returns the network that the log names once per period: the first 24 bits of an IPv4, or 48 of an IPv6 address. */
export function loggedNetwork(address: string): string {
  const bytes = parseIp(address);
  if (bytes === undefined) return address;
  return bytes.length === 4 ? `${bytes.subarray(0, 3).join(".")}.0/24` : `${groupsOf(bytes, 3)}::/48`;
}

/** Returns the first groups of an IPv6 address. */
function groupsOf(bytes: Uint8Array, count: number): string {
  return Array.from({ length: count }, (_, at) => (bytes[2 * at] << 8 | bytes[2 * at + 1]).toString(16)).join(":");
}
