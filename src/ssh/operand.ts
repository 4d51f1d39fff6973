import { quotePath, UsageError } from "../errors.ts";
import { isEscpsOperand, type OneTimeKey, parseEscpsOperand } from "../serve/escps_operand.ts";
import { DEFAULT_PORT } from "../serve/server_address.ts";
import { parseAuthority, parseUri } from "./uri.ts";

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
  /** Of a one-time URL. Secret. Default: the client proves a key of its own. */
  readonly oneTimeKey?: OneTimeKey;
}

/** A remote host and its login. */
export type RemoteHost = Pick<RemoteOperand, "host" | "user" | "port" | "serve">;

/**
 * Parses an operand by scp's rules: `host:path`, `user@host:path`, `[::1]:path`, `user@[::1]:path`, `host:` and
 * `scp://[user@]host[:port][/path]` are remote; with `escps://`, the host runs `escp --serve`. A name is local if it has a "/" before its first ":", begins with ":", or
 * has no ":" at all.
 *
 * @param options.driveLetters For Windows: `C:\x` and `C:x` are local, and "\" counts as "/".
 * @throws {UsageError} if the operand is empty, or ssh or a shell could misinterpret its host or user.
 */
export function parseOperand(text: string, options: { driveLetters?: boolean } = {}): Operand {
  if (text === "") {
    throw new UsageError("A source or target is empty", { hint: "Check for a shell variable that is not set" });
  }
  if (isEscpsOperand(text)) {
    const { oneTimeKey, ...operand } = parseEscpsOperand(text);
    return { kind: "remote", ...operand, serve: { oneTimeKey } };
  }
  if (/^scp:\/\//i.test(text)) return { kind: "remote", ...parseUri(text, { scheme: "scp" }) };
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
  const isOperand = /^scp:\/\//i.test(text) || isEscpsOperand(text) || text.endsWith(":") && !text.endsWith("::");
  const operand = parseOperand(isOperand ? text : `${text}:`, options);
  if (operand.kind === "local" || operand.path !== (operand.serve ? "." : "")) {
    // A one-time URL contains a secret, which `formatOperand` omits.
    throw new UsageError(
      `Cannot use ${quotePath(formatOperand(operand))} as a host: it must have the form [user@]host`,
    );
  }
  const { kind: _kind, path: _path, ...host } = operand;
  return host;
}

/** Returns an operand as a user would type it, not escaped. */
export function formatOperand(operand: Operand): string {
  if (operand.kind === "local") return operand.path;
  if (operand.serve) return `${formatHost(operand)}/${operand.path.replace(/%|#(?=k=)/g, encodeURIComponent)}`;
  if (operand.port) return `scp://${formatHost(operand)}:${operand.port}/${operand.path.replaceAll("%", "%25")}`;
  return `${formatHost(operand)}:${operand.path}`;
}

/** Returns `user@host`, with brackets around an IPv6 address; of a server `escps://user@host:port`. */
export function formatHost({ host, user, port, serve }: RemoteHost): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const login = user === undefined ? bracketed : `${user}@${bracketed}`;
  if (!serve) return login;
  return `escps://${login}${port === undefined || port === DEFAULT_PORT ? "" : `:${port}`}`;
}

/** Returns the index of the ":" after the host; undefined for a local name. */
function hostEnd(text: string, separator: RegExp): number | undefined {
  const bracket = /^(?:[^:/]*@)?\[/.test(text);
  const colon = bracket ? text.indexOf("]:") + 1 : text.indexOf(":");
  if (colon <= 0) return undefined;
  return separator.test(text.slice(0, colon)) ? undefined : colon;
}
