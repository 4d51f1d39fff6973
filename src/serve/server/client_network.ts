/** Returns the network that limits count as one client: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const groups = ipv6Groups(address);
  if (groups === undefined) return address;
  // An IPv4 client of a socket for both families (RFC 4291, section 2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [groups[6] >> 8, groups[6] & 0xff, groups[7] >> 8, groups[7] & 0xff].join(".");
  }
  return `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}

/** Returns the eight groups of an IPv6 address; undefined if the text is not an address. */
function ipv6Groups(address: string): number[] | undefined {
  const short = URL.parse(`http://[${address.replace(/%.*$/s, "")}]/`)?.hostname.slice(1, -1);
  if (short === undefined) return undefined;
  const [start, end] = short.split("::").map((half) => half === "" ? [] : half.split(":"));
  const missing = end === undefined ? 0 : 8 - start.length - end.length;
  return [...start, ...Array<string>(missing).fill("0"), ...(end ?? [])].map((group) => parseInt(group, 16));
}
