/**
 * The servers that this user trusts, in ~/.config/escp/known_servers: one line `host:port SHA256:fingerprint` per
 * certificate. A server may have several lines, for example before it gets another certificate. Empty lines and lines that
 * begin with "#" are ignored.
 */

import { quotePath, UserError } from "../errors.ts";
import { directoryOf } from "../files/path/local_path.ts";
import { codeOf, failedDeno } from "../files/stat/file_failure.ts";
import { lockWithin } from "../resume/lock_record.ts";
import { textLines } from "../text_lines.ts";
import { parseFingerprint } from "./fingerprint.ts";
import { formatAddress, parseAddress, type ServerAddress } from "./server_address.ts";
import { checkTrusted, readTrustedFile } from "./trusted_file.ts";
import { UntrustedServer } from "./untrusted_server.ts";

/** Maximum time to wait for another process that adds a line, in milliseconds. */
const LOCK_MS = 10_000;

/** One line of the file. */
export interface KnownServer {
  /** Host and port, as `formatAddress` returns them. */
  readonly address: string;
  /** `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** Trust in a certificate. The caller decides about an unknown one, and never accepts a changed one. */
export type ServerTrust =
  | { readonly state: "known" }
  | { readonly state: "unknown" }
  /** The file has only other certificates for this server. `servers` are their lines. */
  | { readonly state: "changed"; readonly servers: readonly KnownServer[] };

/**
 * Reads the file. A missing file has no servers.
 *
 * @throws {UserError} if other users can change it, or it has an invalid line: that may be the line of a known server.
 */
export function readKnownServers(path: string): KnownServer[] {
  return parseKnownServers(readTrustedFile(path) ?? "", path);
}

/** Parses the text of the file. @param path Name for errors. @throws {UserError} with the number of an invalid line. */
export function parseKnownServers(text: string, path: string): KnownServer[] {
  const servers: KnownServer[] = [];
  for (const [index, content] of textLines(text).entries()) {
    if (/^[ \t]*(?:#|$)/.test(content)) continue;
    const [name, fingerprint, ...others] = content.trim().split(/[ \t]+/);
    const address = parseAddress(name);
    if (address === undefined || others.length > 0 || parseFingerprint(fingerprint ?? "") === undefined) {
      throw new UserError(`Cannot read ${quotePath(path)}: line ${index + 1} is invalid`, {
        hint: "Correct or remove that line; its form is HOST:PORT SHA256:FINGERPRINT",
      });
    }
    servers.push({ address: formatAddress(address), fingerprint, line: index + 1 });
  }
  return servers;
}

/** Compares a certificate with those in the file. */
export function judgeServer(
  servers: readonly KnownServer[],
  server: ServerAddress,
  fingerprint: string,
): ServerTrust {
  const address = formatAddress(server);
  const same = servers.filter((each) => each.address === address);
  if (same.some((each) => each.fingerprint === fingerprint)) return { state: "known" };
  return same.length === 0 ? { state: "unknown" } : { state: "changed", servers: same };
}

/**
 * Adds a server, and creates the file and its directory if necessary. Lines that other processes add at the same time are
 * kept.
 *
 * @throws {UserError} if another process has added another certificate for this server since the caller has judged it, or
 * the file cannot be read, trusted or written.
 */
export async function addKnownServer(path: string, server: ServerAddress, fingerprint: string): Promise<void> {
  if (parseAddress(formatAddress(server)) === undefined || parseFingerprint(fingerprint) === undefined) {
    throw new RangeError("Cannot add a known server: its address or fingerprint is invalid");
  }
  try {
    Deno.mkdirSync(directoryOf(path), { recursive: true, mode: 0o700 });
    await append(path, server, fingerprint);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    const { message, hint } = failedDeno("write", path, error);
    throw new UserError(message, { hint, cause: error });
  }
}

async function append(path: string, server: ServerAddress, fingerprint: string): Promise<void> {
  const isWindows = Deno.build.os === "windows";
  const mode = isWindows ? undefined : 0o600;
  using file = Deno.openSync(path, { read: true, append: true, create: true, mode });
  // Locks on Windows are mandatory (LockFileEx): nobody could read the file.
  const lock = isWindows ? `${path}.lock` : path;
  const locking = Deno.openSync(lock, { read: true, append: true, create: true, mode });
  if (!await lockWithin(LOCK_MS, locking)) {
    throw new UserError(`Cannot write ${quotePath(path)}: another process has locked it`);
  }
  using _locked = locking;
  checkTrusted(path, Deno.realPathSync(path), file);
  const text = readTrustedFile(path) ?? "";
  const trust = judgeServer(parseKnownServers(text, path), server, fingerprint);
  if (trust.state === "known") return;
  if (trust.state === "changed") throw changedServer(path, server, fingerprint, trust.servers);
  const line = `${text === "" || text.endsWith("\n") ? "" : "\n"}${formatAddress(server)} ${fingerprint}\n`;
  const bytes = new TextEncoder().encode(line);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
}

/** Returns the error for a server with another certificate than those in the file. */
export function changedServer(
  path: string,
  server: ServerAddress,
  fingerprint: string,
  known: readonly KnownServer[],
): UntrustedServer {
  const address = formatAddress(server);
  const lines = known.map(({ line }) => line);
  const named = lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(", ")}`;
  return new UntrustedServer(
    `Cannot trust ${address}: its certificate has changed to ${fingerprint}, and ${quotePath(path)} has another one ` +
      `(${named}). Another host may be impersonating this server`,
    {
      hint: `If its administrator confirms the new fingerprint, remove ${named} of ${quotePath(path)}, then try again`,
      host: server.host,
      fingerprint,
      known: known.map((each) => each.fingerprint),
    },
  );
}
