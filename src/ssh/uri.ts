/** Operands in the form of a URI, and the names of hosts and users in all operands. */

import { quotePath, UsageError } from "../errors.ts";

/** Parts of a URI. */
export interface UriParts {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly user?: string;
  /** 1 to 65535. */
  readonly port?: number;
  /** Decoded path without the "/" after the host. Empty if there is none. */
  readonly path: string;
}

/**
 * Parses `SCHEME://[user@]host[:port][/path]`. `%XX` in the host, the user and the path is decoded.
 *
 * @param options.shown Text for errors. Default: the whole text.
 * @throws {UsageError}
 */
export function parseUri(text: string, { scheme, shown = text }: { scheme: string; shown?: string }): UriParts {
  const [, authority, path = ""] = /^([^/]*)(?:\/(.*))?$/s.exec(text.slice(scheme.length + "://".length))!;
  const [, name, port] = /^(.*?)(?::([0-9]*))?$/s.exec(authority)!;
  const checked = parseAuthority(decode(name, shown), shown);
  if (checked.host.includes(":") && !name.endsWith("]")) refuse("host name", "is an address without brackets", shown);
  if (port === undefined) return { ...checked, path: decode(path, shown) };
  if (!(Number(port) >= 1 && Number(port) <= 65535)) {
    throw new UsageError(`The port in ${quotePath(shown)} must be a number from 1 to 65535`);
  }
  return { ...checked, port: Number(port), path: decode(path, shown) };
}

/**
 * Parses `[user@]host`. The last "@" separates, because user names may contain one.
 *
 * @param operand Text of the operand, for errors.
 * @throws {UsageError} if ssh or a shell could misinterpret the host or the user.
 */
export function parseAuthority(authority: string, operand: string): { host: string; user?: string } {
  const at = authority.lastIndexOf("@");
  // As with scp, "@host" has no user.
  const user = at <= 0 ? undefined : authority.slice(0, at);
  const bare = authority.slice(at + 1);
  const host = /^\[.*\]$/s.test(bare) ? bare.slice(1, -1) : bare;
  checkUser(user, operand);
  checkHost(host, operand);
  return user === undefined ? { host } : { host, user };
}

/** Characters that a shell in a ProxyCommand, a terminal or ssh's option parser could misinterpret. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f'"`$;&<>|(){}\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u;

function checkHost(host: string, operand: string): void {
  const bad = host === ""
    ? "is empty"
    : host.startsWith("-")
    ? 'begins with "-"'
    : UNSAFE.test(host) || /[\s[\]\\/*?!#,]/.test(host)
    ? "contains characters that are invalid in a host name"
    : undefined;
  if (bad) refuse("host name", bad, operand);
}

function checkUser(user: string | undefined, operand: string): void {
  if (user === undefined) return;
  const bad = /(^|\s)-/.test(user)
    ? 'begins with "-"'
    : UNSAFE.test(user) || user.endsWith("\\")
    ? "contains characters that are invalid in a user name"
    : undefined;
  if (bad) refuse("user name", bad, operand);
}

function refuse(what: string, bad: string, operand: string): never {
  throw new UsageError(`The ${what} in ${quotePath(operand)} ${bad}`, {
    hint: 'Write a local name that contains a ":" with a "/" before it, such as "./a:b"',
  });
}

function decode(part: string, operand: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new UsageError(`Cannot read ${quotePath(operand)}: a "%" is not followed by two hexadecimal digits`, {
      cause,
    });
  }
}
