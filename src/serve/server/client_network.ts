import { parseIp } from "./ip_address.ts";

/** Returns the network that limits count as one client: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function clientNetwork(address: string): string {
  const bytes = parseIp(address);
  if (bytes === undefined) return address;
  if (bytes.length === 4) return bytes.join(".");
  const groups = [0, 2, 4, 6].map((at) => (bytes[at] << 8 | bytes[at + 1]).toString(16));
  return `${groups.join(":")}::/64`;
}
