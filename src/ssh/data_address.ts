/** The user's address for data connections, for NAT or a forwarded port. */

import { UsageError } from "../errors.ts";

/** An address for data connections. */
export interface DataAddress {
  /** Name, IPv4 address, or IPv6 address without brackets. */
  hostname: string;
  /** 1 to 65535. Default: the port that the remote host reports. */
  port?: number;
}

/** Parses "host", "host:port", "[v6]", "[v6]:port" or "v6". @throws {UsageError} */
export function parseDataAddress(text: string): DataAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([^:[\]\s/]+)(?::(\d{1,5}))?$/.exec(text);
  const [, hostname, digits] = bracketed ?? plain ??
    (/^(?=.*:.*:)[0-9a-f:.]+(%[\w.-]+)?$/i.test(text) ? ["", text] : []);
  const port = digits === undefined ? undefined : Number(digits);
  if (!hostname || hostname.startsWith("-") || port === 0 || (port ?? 0) > 65_535) {
    throw new UsageError(`Option "--data-address" must be HOST or HOST:PORT, not ${JSON.stringify(text)}`, {
      hint: "Put an IPv6 address with a port in brackets: [2001:db8::1]:1232",
    });
  }
  return { hostname, ...(port === undefined ? {} : { port }) };
}

/** Returns an address as `parseDataAddress` accepts it, with brackets around IPv6. */
export function formatDataAddress({ hostname, port }: DataAddress): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return port === undefined ? host : `${host}:${port}`;
}
