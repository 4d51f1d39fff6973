/** The address of a server: host and port. */

/** Port of a server without a number in its operand or `--listen`. */
export const DEFAULT_PORT = 7523;

/** The address of a server. */
export interface ServerAddress {
  /** Name or address, without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Returns `host:port`, in lower case, with brackets around an IPv6 address in its short form (RFC 5952). */
export function formatAddress({ host, port }: ServerAddress): string {
  return `${formatServerHost(host)}:${port}`;
}

/** Returns a host in lower case, with brackets around an IPv6 address in its short form (RFC 5952). */
export function formatServerHost(host: string): string {
  if (!host.includes(":")) return host.toLowerCase();
  return URL.parse(`http://[${host}]/`)?.hostname ?? `[${host.toLowerCase()}]`;
}

/** Parses `host:port` or `[address]:port`; undefined if the text has another form. */
export function parseAddress(text: string): ServerAddress | undefined {
  const [, bracketed, name, port] = /^(?:\[([0-9A-Za-z:.%_-]{2,80})\]|([^\s:[\]]{1,255})):([0-9]{1,5})$/.exec(text) ??
    [];
  const host = bracketed ?? name;
  if (host === undefined || !(Number(port) >= 1 && Number(port) <= 65535)) return undefined;
  return { host, port: Number(port) };
}
