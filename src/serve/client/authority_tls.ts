/** Client: TLS with a server whose certificate is of an authority that the user names. */

import type { TLSSocket } from "node:tls";
import { withDeadline } from "../../async/settle_within.ts";
import { quotePath, StartError } from "../../errors.ts";
import { codeOf, reasonOf } from "../../files/stat/file_failure.ts";
import { formatPem } from "../certificate.ts";
import { hashCertificate } from "../fingerprint.ts";
import type { ServerAddress } from "../server_address.ts";
import type { Authorities } from "./authorities.ts";
import { NodeConn } from "./node_conn.ts";
import { withoutAuthorities } from "./pinned_tls.ts";
import { noAnswer, unreachable } from "./unreachable.ts";

/** Options of a connection. */
export interface AuthorityTlsOptions {
  /** Name of the host in messages. */
  readonly name: string;
  readonly authorities: Authorities;
  /** Maximum time of connecting and of the handshake together, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Called when the server has to answer next. */
  readonly onWaiting?: () => void;
}

/** TLS with a server that has proved the key of a certificate of the authorities for its name. */
export interface AuthorityTls {
  readonly conn: NodeConn;
  /** SHA-256 of the certificate of the server. */
  readonly certificateHash: Uint8Array<ArrayBuffer>;
}

/** Messages and codes of rustls and `node:tls`, and what they mean for a certificate. */
const PROBLEMS: [pattern: RegExp, reason: (host: string, file: string) => string][] = [
  [/CERT_HAS_EXPIRED|certificate expired|\bExpired/, () => "its certificate has expired"],
  [/CERT_NOT_YET_VALID|not valid yet|NotValidYet/, () => "its certificate is not valid yet"],
  [/ALTNAME_INVALID|not valid for name|NotValidForName/, (host) => `its certificate is not for ${host}`],
  [
    /UnknownIssuer|BadSignature|SELF_SIGNED|CaUsedAsEndEntity/,
    (_, file) => `its certificate is self-signed, or of an authority that is not in ${file}`,
  ],
  // Deno 2.9 has one code for all of these.
  [
    /UNABLE_TO_VERIFY/,
    (_, file) => `its certificate is self-signed, or of an authority that is not in ${file}, or not valid now`,
  ],
  [/resumed a session/, () => "it has resumed a session that was refused"],
  [/invalid peer certificate|CERT_/, () => "its certificate is invalid"],
];

/** A host that a certificate can contain: an address without a zone, or a name of DNS. */
const CERTIFIABLE = /^(?:(?=.*:)[0-9A-Fa-f:.]+|(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.|$))+)$/;

/** Servers of this process whose certificate was verified: authorities, name and digest. */
const verified = new Set<string>();

/**
 * Connects and starts TLS. `node:tls` is the only part of Deno that shows the certificate of the server, to which the login is
 * bound. It adds the authorities to the default ones, which `withoutAuthorities` excludes.
 *
 * @throws {StartError} if the server cannot be reached, or is not trusted.
 */
export async function startAuthorityTls(server: ServerAddress, options: AuthorityTlsOptions): Promise<AuthorityTls> {
  const { authorities, timeoutMs, signal } = options;
  const [{ checkServerIdentity, connect }, { isIP }] = await Promise.all([import("node:tls"), import("node:net")]);
  const { host, port } = server;
  if (!CERTIFIABLE.test(host)) {
    throw new StartError(`Cannot trust ${options.name}: a certificate cannot contain its host`, {
      hint: "Use a name, or an address without a zone; or omit --ca",
    });
  }
  let isConnected = false;
  return await withoutAuthorities(async () => {
    const socket = connect({
      host,
      port,
      // TLS has no name for an address. Deno compares the host with the certificate.
      servername: isIP(host) ? undefined : host,
      ca: authorities.certificates.map((each) => formatPem("CERTIFICATE", each)),
      rejectUnauthorized: true,
      checkServerIdentity: (name, shown) => {
        // Deno 2.9 also accepts the common name.
        const isNamed = shown.subjectaltname?.includes(isIP(name) ? "IP Address:" : "DNS:");
        return isNamed ? checkServerIdentity(name, shown) : new Error("ERR_TLS_CERT_ALTNAME_INVALID");
      },
    });
    const conn = new NodeConn(socket);
    const onAbort = () => conn.close();
    signal.addEventListener("abort", onAbort);
    try {
      socket.once("connect", () => {
        isConnected = true;
        socket.setNoDelay(true);
        options.onWaiting?.();
      });
      await withDeadline(timeoutMs, untilSecure(socket), noAnswer(timeoutMs));
      return { conn, certificateHash: await verifiedHash(socket, server, options) };
    } catch (error) {
      conn.close();
      signal.throwIfAborted();
      if (!isConnected) throw unreachable(options.name, reasonOf(error), error);
      throw refusal(error, server, options);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  });
}

/** Resolves after the handshake. @throws the error of the connection, or of the certificate. */
function untilSecure(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", () => {
      if (socket.getPeerCertificate()?.raw) resolve();
      // Deno 2.6 reports that the handshake has failed when something is read.
      else socket.resume();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Deno.errors.UnexpectedEof("it has closed the connection")));
  });
}

/**
 * Returns the digest of the certificate of the server.
 *
 * @throws {Error} if Deno has not verified it. After version 2.9, Deno resumes the TLS session of an earlier connection to the
 * same name without verifying anything, even if the earlier connection was refused: a server could choose that.
 */
async function verifiedHash(
  socket: TLSSocket,
  { host }: ServerAddress,
  { authorities }: AuthorityTlsOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { raw } = socket.getPeerCertificate();
  if (!socket.authorized) throw new Error("invalid peer certificate");
  const certificateHash = await hashCertificate(raw);
  const trust = [host, certificateHash.toHex(), ...authorities.certificates.map((each) => each.toBase64())].join(" ");
  if (!socket.isSessionReused()) verified.add(trust);
  if (!verified.has(trust)) throw new Error("it has resumed a session that was refused");
  return certificateHash;
}

/** The server has answered in plain text, as one with too many connections does. */
export class PlainAnswer extends StartError {}

/** Returns the reason for which a connection has no TLS. */
function refusal(
  error: unknown,
  { host }: ServerAddress,
  { name, authorities }: AuthorityTlsOptions,
): StartError {
  const text = `${codeOf(error)} ${error}`;
  if (/InvalidContentType/.test(text)) return new PlainAnswer(`Cannot start TLS with ${name}`, { cause: error });
  const problem = PROBLEMS.find(([pattern]) => pattern.test(text))?.[1];
  if (problem) {
    return new StartError(`Cannot trust ${name}: ${problem(host, quotePath(authorities.path))}`, {
      cause: error,
      hint: "Another host may impersonate this server; ask its administrator",
    });
  }
  return new StartError(`Cannot start TLS with ${name}: ${reasonOf(error)}`, {
    cause: error,
    hint: "Check that escp --serve runs there with --certificate; it ends connections if it has too many",
  });
}
