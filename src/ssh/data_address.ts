/** Where the data goes instead of to the address that the other side tells: behind NAT, or to a forwarded port. */

import { UsageError } from "../errors.ts";

/** A place for data connections. */
export interface DataAddress {
  /** A name, an IPv4 address or an IPv6 address without brackets. */
  hostname: string;
  /** 1 to 65535; undefined: that of the other side. */
  port?: number;
}

/** Reads "host", "host:port", "[v6]", "[v6]:port" or "v6". @throws {UsageError} */
export function parseDataAddress(text: string): DataAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([^:[\]\s/]+)(?::(\d{1,5}))?$/.exec(text);
  const [, hostname, digits] = bracketed ?? plain ?? (/^(?=.*:.*:)[0-9a-f:.%]+$/i.test(text) ? ["", text] : []);
  const port = digits === undefined ? undefined : Number(digits);
  if (!hostname || hostname.startsWith("-") || port === 0 || (port ?? 0) > 65_535) {
    throw new UsageError(`Option "--data-address" must be HOST or HOST:PORT, not ${JSON.stringify(text)}`, {
      hint: "An IPv6 address with a port stands in brackets: [2001:db8::1]:1232",
    });
  }
  return { hostname, ...(port === undefined ? {} : { port }) };
}

/** As `parseDataAddress` reads it. */
export function formatDataAddress({ hostname, port }: DataAddress): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return port === undefined ? host : `${host}:${port}`;
}
