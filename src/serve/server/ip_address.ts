/** IP addresses as bytes, and the patterns that contain them. */

/** Parses an address without brackets. Returns 4 or 16 bytes: 4 also for an IPv4 address in its IPv6 form. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Tests whether an address is in a network. */
export type AddressTest = (address: Uint8Array) => boolean;

/**
 * Parses a pattern: an address, a network such as `10.0.0.0/8`, or the start of an IPv4 address such as `192.168.*`.
 *
 * @returns undefined if the text is not a pattern, or a network has bits beyond its prefix.
 */
export function parseAddressPattern(text: string): AddressTest | undefined {
  const [, start] = /^((?:[0-9]{1,3}\.){1,3})\*$/.exec(text) ?? [];
  if (start !== undefined) return (address) => address.length === 4 && `${address.join(".")}`.startsWith(start);
  const [, base, digits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const network = base === undefined ? undefined : parseIp(base);
  if (network === undefined) return undefined;
  const bits = digits === undefined ? network.length * 8 : Number(digits);
  if (bits > network.length * 8 || !hasOnlyPrefix(network, bits)) return undefined;
  return (address) => address.length === network.length && samePrefix(address, network, bits);
}

function parseIpv4(text: string): Uint8Array | undefined {
  if (!/^(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  // The zone of a link-local address (RFC 4007) names an interface of this machine.
  const canonical = URL.parse(`http://[${text.replace(/%[\w.-]+$/, "")}]/`)?.hostname;
  if (canonical === undefined || !/^[0-9A-Fa-f:.]+(?:%[\w.-]+)?$/.test(text)) return undefined;
  const [start, end] = canonical.slice(1, -1).split("::").map((half) => half === "" ? [] : half.split(":"));
  const missing = end === undefined ? 0 : 8 - start.length - end.length;
  const groups = [...start, ...Array<string>(missing).fill("0"), ...(end ?? [])].map((group) => parseInt(group, 16));
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  // An IPv4 client of a socket for both families (RFC 4291, section 2.5.5.2).
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}

function hasOnlyPrefix(network: Uint8Array, bits: number): boolean {
  return network.every((byte, at) => (byte & (0xff >> Math.min(8, Math.max(0, bits - 8 * at)))) === 0);
}

function samePrefix(one: Uint8Array, other: Uint8Array, bits: number): boolean {
  return one.every((byte, at) => ((byte ^ other[at]) & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * at)))) === 0);
}
