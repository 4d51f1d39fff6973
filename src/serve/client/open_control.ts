/** Client: opens the control channel of a session at `escp --serve`. */

import { delay } from "../../async/delay.ts";
import { withDeadline } from "../../async/settle_within.ts";
import { messageOf, ProtocolError, StartError } from "../../errors.ts";
import { printable } from "../../escape_text.ts";
import { closeQuietly } from "../../net/close.ts";
import { type ByteReader, type ByteWriter, writeAll } from "../../net/pass.ts";
import { formatFirstLine, MAX_ANSWER_BYTES, parseAnswer } from "../../protocol/serve/first_line.ts";
import {
  type Accepted,
  formatLogin,
  MAX_LOGIN_LINE_BYTES,
  MAX_PROOFS,
  parseChallenge,
  parseVerdict,
  type Proof,
} from "../../protocol/serve/login_messages.ts";
import { NONCE_BYTES, type ProofBinding } from "../../protocol/serve/proof.ts";
import { hashCertificate } from "../fingerprint.ts";
import { LineReader, readLine } from "../read_line.ts";
import type { ServerAddress } from "../server_address.ts";
import type { Authorities } from "./authorities.ts";
import { type PinnedTlsOptions, startPinnedTls } from "./pinned_tls.ts";
import { noAnswer, unreachable } from "./unreachable.ts";

/** A way to prove who the client is. */
export interface Prover {
  /** Name for messages, such as "key SHA256:...". */
  readonly name: string;
  /** Advice if the server denies the proof. Default: for keys. */
  readonly hint?: string;
  /** @throws {Error} if the key cannot sign. */
  prove(binding: ProofBinding): Promise<Proof>;
  /** Checks the proof of the server. Default: none is needed, because the certificate is known. */
  checkServer?(mac: Uint8Array<ArrayBuffer> | undefined, binding: ProofBinding): Promise<boolean>;
}

/** Options of a connection. */
export interface ControlOptions extends PinnedTlsOptions {
  /** Name of the host in messages. */
  readonly name: string;
  /**
   * Decides whether to trust a server, by the SHA-256 digest of its certificate. Returns a function to call after the server has
   * proved that it has the key; undefined for a known server.
   *
   * @throws {StartError} if it is not trusted.
   */
  readonly trust: (
    certificateHash: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ) => Promise<(() => Promise<void>) | undefined>;
  /** Authorities that decide whether to trust a server, in place of `trust`. */
  readonly authorities?: Authorities;
  /** Keys to try, in order. */
  readonly provers: () => Promise<readonly Prover[]>;
  /** Maximum time of each step, except of questions to the user. In milliseconds. */
  readonly timeoutMs: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Called each time the server has to answer next. */
  readonly onWaiting?: () => void;
}

/** The part of a TLS connection that a control channel uses. */
export interface ControlConn extends ByteReader, ByteWriter {
  closeWrite(): Promise<void>;
  close(): void;
}

/** Time for which a busy server is tried again, in milliseconds. It drops connections that wait for more than 2 s. */
const BUSY_MS = 10_000;
/** Pause before a busy server is tried again, in milliseconds. */
const BUSY_PAUSE_MS = 500;
/** As `BUSY_PAUSE_MS`, after a login: each further one needs a signature. */
const FULL_PAUSE_MS = 2_000;

/** An open control channel. */
export interface OpenControl {
  readonly conn: ControlConn;
  readonly accepted: Accepted;
  /** Bytes of the remote end that have arrived. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** The server runs too many sessions. */
class FullServer extends StartError {}

/** Tries again if the server runs too many sessions. @throws {StartError} with the reason if there is no session. */
export async function openControl(server: ServerAddress, options: ControlOptions): Promise<OpenControl> {
  const { timeoutMs, signal } = options;
  const lateMs = performance.now() + Math.min(BUSY_MS, timeoutMs);
  for (;;) {
    try {
      return await openOnce(server, options);
    } catch (error) {
      if (!(error instanceof FullServer) || performance.now() > lateMs) throw error;
    }
    await delay(Math.min(FULL_PAUSE_MS, timeoutMs), { signal });
  }
}

async function openOnce(server: ServerAddress, options: ControlOptions): Promise<OpenControl> {
  const { authorities, signal } = options;
  let conn: ControlConn | undefined;
  const onAbort = () => conn && closeQuietly(conn);
  signal.addEventListener("abort", onAbort);
  try {
    if (authorities) {
      // A copy without --ca needs no node:tls.
      const { startAuthorityTls, PlainAnswer } = await import("./authority_tls.ts");
      const started = await whileBusy(options, async () => {
        try {
          return await startAuthorityTls(server, { ...options, authorities });
        } catch (error) {
          if (error instanceof PlainAnswer) return undefined;
          throw error;
        }
      });
      conn = started.conn;
      signal.throwIfAborted();
      return { conn, ...await login(conn, started.certificateHash, options) };
    }
    const { tcp, certificate } = await whileBusy(options, async () => {
      const tcp = conn = await connect(server, options);
      signal.throwIfAborted();
      const certificate = await requestCertificate(tcp, options);
      if (certificate) return { tcp, certificate };
      closeQuietly(tcp);
    });
    const certificateHash = await hashCertificate(certificate);
    const remember = await options.trust(certificateHash, signal);
    conn = await startTls(tcp, certificate, options);
    await remember?.();
    return { conn, ...await login(conn, certificateHash, options) };
  } catch (error) {
    if (conn) closeQuietly(conn);
    if (signal.aborted) throw signal.reason;
    throw explain(error, options.name);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Tries until there is a result. A server that has too many connections drops those that wait for long.
 *
 * @param attempt returns undefined if the server is busy.
 * @throws {StartError} if it is busy for too long.
 */
async function whileBusy<Result>(
  { name, timeoutMs, signal }: ControlOptions,
  attempt: () => Promise<Result | undefined>,
): Promise<Result> {
  const lateMs = performance.now() + Math.min(BUSY_MS, timeoutMs);
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() > lateMs) throw tooBusy(name);
    await delay(BUSY_PAUSE_MS, { signal });
  }
}

async function connect({ host, port }: ServerAddress, { name, timeoutMs }: ControlOptions): Promise<Deno.TcpConn> {
  const connecting = Deno.connect({ hostname: host, port });
  try {
    const conn = await withDeadline(timeoutMs, connecting, () => {
      connecting.then(closeQuietly, () => {});
      return noAnswer(timeoutMs)();
    });
    conn.setNoDelay(true);
    return conn;
  } catch (cause) {
    throw unreachable(name, messageOf(cause), cause);
  }
}

/** Returns the certificate of the server; undefined if it is busy. */
async function requestCertificate(
  conn: Deno.Conn,
  { name, timeoutMs, onWaiting }: ControlOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  await writeAll(conn, new TextEncoder().encode(formatFirstLine({ kind: "control" })));
  const reading = readLine(conn, MAX_ANSWER_BYTES);
  onWaiting?.();
  const { line, rest } = await withDeadline(timeoutMs, reading, noAnswer(timeoutMs));
  const answer = parseAnswer(line);
  if (answer.kind === "refused") {
    if (answer.reason === "busy") return undefined;
    throw new StartError(`Cannot start a session at ${name}: it accepts no new sessions`);
  }
  if (rest.length > 0) throw new ProtocolError("bad-answer", "the server did not answer like escp --serve");
  return answer.certificate;
}

function tooBusy(name: string): StartError {
  return new StartError(`Cannot start a session at ${name}: it has too many connections or sessions`, {
    hint: "Try again later; its log names the networks and keys of its clients",
  });
}

/** Starts TLS with the certificate as the only one that is trusted: the handshake proves that the server has its key. */
async function startTls(
  conn: Deno.TcpConn,
  certificate: Uint8Array<ArrayBuffer>,
  { name, timeoutMs, keepsEnvironment, onWaiting }: ControlOptions,
): Promise<Deno.TlsConn> {
  try {
    const tls = await startPinnedTls(conn, certificate, { keepsEnvironment });
    const handshake = tls.handshake();
    onWaiting?.();
    await withDeadline(timeoutMs, handshake, noAnswer(timeoutMs));
    return tls;
  } catch (cause) {
    if (isLost(cause)) throw cause;
    throw new StartError(`Cannot trust ${name}: it does not have the key of its certificate (${messageOf(cause)})`, {
      cause,
      hint: "Another program may answer in its place: check the address and the network",
    });
  }
}

async function login(
  conn: ControlConn,
  certificateHash: Uint8Array<ArrayBuffer>,
  { name, provers, timeoutMs, onWaiting }: ControlOptions,
): Promise<{ accepted: Accepted; rest: Uint8Array<ArrayBuffer> }> {
  const lines = new LineReader(conn, MAX_LOGIN_LINE_BYTES);
  const next = () => withDeadline(timeoutMs, lines.next(), noAnswer(timeoutMs));
  const { nonce: serverNonce } = parseChallenge(await next());
  const all = await provers();
  for (const prover of all.slice(0, MAX_PROOFS)) {
    const clientNonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const binding = { certificateHash, serverNonce, clientNonce };
    await writeAll(conn, new TextEncoder().encode(formatLogin(await prover.prove(binding))));
    const answering = next();
    onWaiting?.();
    const verdict = parseVerdict(await answering);
    if (verdict.type === "refused") {
      // A line after a line break would look like a message of escp.
      const reason = printable(verdict.message).replaceAll("\n", "\\n");
      const message = `Cannot start a session at ${name}: ${reason}`;
      throw verdict.busy ? new FullServer(message, { hint: "Try again later" }) : new StartError(message);
    }
    if (verdict.type === "denied") continue;
    if (prover.checkServer && !await prover.checkServer(verdict.mac, binding)) {
      throw new StartError(`Cannot trust ${name}: it does not know the secret of the URL`);
    }
    return { accepted: verdict, rest: lines.rest };
  }
  const tried = all.slice(0, MAX_PROOFS);
  const names = tried.map((prover) => prover.name).join(", ");
  throw new StartError(`Cannot log in to ${name}: it does not accept ${names || "a client without a key"}`, {
    hint: tried[0]?.hint ??
      "Add a public key (ssh-ed25519) to the file of --authorized-keys on that host, or choose a key with -i",
  });
}

function explain(error: unknown, name: string): unknown {
  if (error instanceof StartError || !(error instanceof Error)) return error;
  if (!isLost(error) && !(error instanceof ProtocolError || error instanceof Deno.errors.InvalidData)) return error;
  const reason = error instanceof Deno.errors.UnexpectedEof ? "it has closed the connection" : messageOf(error);
  return new StartError(`Cannot start a session at ${name}: ${reason}`, {
    cause: error,
    hint: "Check that escp --serve runs at that address; it drops clients if it has too many connections",
  });
}

/** Returns whether an error means that the connection has ended, or is too slow. */
function isLost(error: unknown): boolean {
  const { UnexpectedEof, TimedOut, ConnectionReset, BrokenPipe } = Deno.errors;
  return [UnexpectedEof, TimedOut, ConnectionReset, BrokenPipe].some((each) => error instanceof each);
}
