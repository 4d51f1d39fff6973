import { quotePath, UsageError } from "../errors.ts";
import { DEFAULT_PORT } from "../serve/server_address.ts";

/** A source or target on the command line. */
export type Operand = LocalOperand | RemoteOperand;

/** A path on this machine. */
export interface LocalOperand {
  readonly kind: "local";
  /** Path as typed. Never empty. */
  readonly path: string;
}

/** A path on a remote host. */
export interface RemoteOperand {
  readonly kind: "remote";
  /** Name, alias of ssh_config or address, without brackets. Safe as an argument of ssh. */
  readonly host: string;
  readonly user?: string;
  /** Port of a `scp://` operand, 1 to 65535. Takes precedence over `-P`. Of `escps://`, the port of the server. */
  readonly port?: number;
  /** For `escps://`: the host runs `escp --serve`, and ssh is not used. */
  readonly serve?: ServeAccess;
  /** Path as typed, not expanded. Empty means the home directory. */
  readonly path: string;
}

/** Access to a server. */
export interface ServeAccess {
  /** Key of a one-time URL, after "#k=". Secret. Default: the client proves a key of its own. */
  readonly onceKey?: string;
}

/** A remote host and its login. */
export type RemoteHost = Pick<RemoteOperand, "host" | "user" | "port" | "serve">;

/**
 * Parses an operand by scp's rules: `host:path`, `user@host:path`, `[::1]:path`, `user@[::1]:path`, `host:` and
 * `scp://[user@]host[:port][/path]` are remote. `escps://[name@]host[:port][/path]` is a host that runs `escp --serve`. A name is local if it has a "/" before its first ":", begins with ":", or
 * has no ":" at all.
 *
 * @param options.driveLetters For Windows: `C:\x` and `C:x` are local, and "\" counts as "/".
 * @throws {UsageError} if the operand is empty, or ssh or a shell could misinterpret its host or user.
 */
export function parseOperand(text: string, options: { driveLetters?: boolean } = {}): Operand {
  if (text === "") {
    throw new UsageError("A source or target is empty", { hint: "Check for a shell variable that is not set" });
  }
  if (isUri(text)) return parseUri(text);
  if (options.driveLetters && /^[a-z]:/i.test(text)) return { kind: "local", path: text };
  const colon = hostEnd(text, options.driveLetters ? /[/\\]/ : /\//);
  if (colon === undefined) return { kind: "local", path: text };
  return { kind: "remote", ...parseAuthority(text.slice(0, colon), text), path: text.slice(colon + 1) };
}

/**
 * Parses `[user@]host`, optionally followed by the ":" of an operand, or a `scp://` operand without a path.
 *
 * @throws {UsageError} if the text has another form, or as `parseOperand`.
 */
export function parseHost(text: string, options: { driveLetters?: boolean } = {}): RemoteHost {
  const isOperand = isUri(text) || text.endsWith(":") && !text.endsWith("::");
  const operand = parseOperand(isOperand ? text : `${text}:`, options);
  if (operand.kind === "local" || operand.path !== "") {
    throw new UsageError(`Cannot use ${quotePath(text)} as a host: it must have the form [user@]host`);
  }
  const { kind: _kind, path: _path, ...host } = operand;
  return host;
}

/** Returns an operand as a user would type it, not escaped. */
export function formatOperand(operand: Operand): string {
  if (operand.kind === "local") return operand.path;
  if (operand.serve) return `${formatHost(operand)}/${operand.path.replace(/[%#]/g, encodeURIComponent)}`;
  if (operand.port) return `scp://${formatHost(operand)}:${operand.port}/${operand.path.replaceAll("%", "%25")}`;
  return `${formatHost(operand)}:${operand.path}`;
}

/** Returns `user@host`, with brackets around an IPv6 address; of a server `escps://user@host:port`. */
export function formatHost({ host, user, port, serve }: RemoteHost): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const login = user === undefined ? bracketed : `${user}@${bracketed}`;
  if (!serve) return login;
  return `escps://${login}${port === DEFAULT_PORT ? "" : `:${port}`}`;
}

/** Returns the index of the ":" after the host; undefined for a local name. */
function hostEnd(text: string, separator: RegExp): number | undefined {
  const bracket = /^(?:[^:/]*@)?\[/.test(text);
  const colon = bracket ? text.indexOf("]:") + 1 : text.indexOf(":");
  if (colon <= 0) return undefined;
  return separator.test(text.slice(0, colon)) ? undefined : colon;
}

/** Parses `[user@]host`. The last "@" separates, because user names may contain one. */
function parseAuthority(authority: string, operand: string): { host: string; user?: string } {
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

function isUri(text: string): boolean {
  return /^(?:scp|escps):\/\//i.test(text);
}

function parseUri(text: string): RemoteOperand {
  const isServer = /^escps:/i.test(text);
  const form = isServer ? /^escps:\/\/([^/#]*)\/?(.*)$/is : /^scp:\/\/([^/]*)(?:\/(.*))?$/is;
  const [, authority, rest = ""] = form.exec(text)!;
  const { path, serve } = isServer ? parseServed(rest, text) : { path: rest, serve: undefined };
  const [, name, port] = /^(.*?)(?::([0-9]*))?$/s.exec(authority)!;
  const checked = parseAuthority(decode(name, text), text);
  if (checked.host.includes(":") && !name.endsWith("]")) refuse("host name", "is an address without brackets", text);
  if (port === undefined) {
    return { kind: "remote", ...checked, port: serve && DEFAULT_PORT, serve, path: decode(path, text) };
  }
  if (!(Number(port) >= 1 && Number(port) <= 65535)) {
    throw new UsageError(`The port in ${quotePath(text)} must be a number from 1 to 65535`);
  }
  return { kind: "remote", ...checked, port: Number(port), serve, path: decode(path, text) };
}

/** Splits the part after the host into the path and the key of a one-time URL. */
function parseServed(rest: string, operand: string): { path: string; serve: ServeAccess } {
  const [, path, fragment] = /^([^#]*)(?:#(.*))?$/s.exec(rest)!;
  if (fragment === undefined) return { path, serve: {} };
  const onceKey = /^k=([A-Za-z0-9_-]+)$/.exec(fragment)?.[1];
  if (onceKey !== undefined) return { path, serve: { onceKey } };
  throw new UsageError(`Cannot read ${quotePath(operand)}: the text after "#" is not the key of a one-time URL`, {
    hint: 'Write a "#" in a path as "%23"',
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
