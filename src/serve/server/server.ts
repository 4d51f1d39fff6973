/** `escp --serve`: accepts connections, checks their proofs, and starts a remote end for each session. */

import { abortable } from "../../async/abortable.ts";
import { delay } from "../../async/delay.ts";
import { withDeadline } from "../../async/settle_within.ts";
import { escapePath, messageOf, ProtocolError } from "../../errors.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { closeQuietly } from "../../net/close.ts";
import { formatAnswer, parseFirstLine } from "../../protocol/serve/first_line.ts";
import { formatLogin } from "../../protocol/serve/login_messages.ts";
import { credentialsOf, type Identity, type TlsCredentials } from "../certificate.ts";
import { hashCertificate } from "../fingerprint.ts";
import type { CertifiedIdentity } from "./certified_identity.ts";
import type { Admission, LoginGate } from "./login_gate.ts";
import { acceptLogin, type Authenticate, type Grant, LoginRefused, sendLine } from "./login.ts";
import { readOpening } from "./opening.ts";
import type { Restrictions } from "./restrictions.ts";
import { ServedSession } from "./session.ts";
import type { SessionGate } from "./session_gate.ts";
import { describeEnd, describeTask } from "./session_report.ts";
import { FaultLog } from "./fault_log.ts";
import { StrangerLog } from "./stranger_log.ts";
import { TlsEnd } from "./tls_end.ts";

/** Maximum time for the first line, in milliseconds. */
const FIRST_LINE_MS = 10_000;
/** Maximum time from the first line to the proof, in milliseconds. The user may be asked about the server, or by ssh-agent. */
const LOGIN_MS = 120_000;
/** Period in which similar connections without a session share one line of the log, in milliseconds. */
const LOG_PERIOD_MS = 60_000;

/** Addresses of a connection. */
export interface Ends {
  readonly client: Deno.NetAddr;
  readonly server: Deno.NetAddr;
}

/** Settings and callbacks of a server. */
export interface ServerOptions {
  /** One, or one for each family of addresses. */
  readonly listeners: readonly Deno.TcpListener[];
  readonly identity: Identity;
  /** For clients that trust its authority, which begin with TLS. */
  readonly certified?: CertifiedIdentity;
  readonly gate: LoginGate;
  readonly sessionGate: SessionGate;
  readonly authenticate: Authenticate;
  /** Whether data connections must use the server's port. */
  readonly onePort: boolean;
  /** Whether the server ends after the first session. */
  readonly once: boolean;
  /** Starts `escp --receiver` with pipes. @throws {Error} if it cannot be started. */
  readonly startRemote: (restrictions: Restrictions, ends: Ends) => Deno.ChildProcess;
  /** Writes to the log. */
  readonly log: (level: "info" | "warn", text: string, session?: string) => void;
}

/** TLS with one certificate of the server. */
interface OwnTls {
  readonly end: TlsEnd;
  readonly certificateHash: Promise<Uint8Array<ArrayBuffer>>;
}

/** A running server. */
export class Server {
  readonly #options: ServerOptions;
  readonly #tls: OwnTls;
  /** For clients that begin with TLS. */
  #certified?: OwnTls;
  readonly #sessions = new Map<string, ServedSession>();
  readonly #strangers: StrangerLog;
  readonly #faults: FaultLog;
  /** Number of connections with a session, until the client has received the last message. */
  #running = 0;
  readonly #ended = new AbortController();
  #isEnding = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { identity, certified } = options;
    this.#tls = ownTls(credentialsOf(identity), identity.certificate);
    this.#certified = certified && ownTls(certified, certified.certificate);
    this.#strangers = new StrangerLog(options.log);
    this.#faults = new FaultLog((text) => options.log("warn", text));
  }

  /** Accepts connections until the server has ended. */
  async run(): Promise<void> {
    const { listeners } = this.#options;
    const timer = setInterval(() => this.#endPeriod(), LOG_PERIOD_MS);
    try {
      await Promise.all(listeners.map((listener) => this.#accept(listener)));
    } finally {
      clearInterval(timer);
      this.#endPeriod();
      for (const tls of [this.#tls, this.#certified]) tls?.end[Symbol.dispose]();
    }
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    try {
      for (;;) {
        const conn = await abortable(listener.accept(), this.#ended.signal).catch((error) => {
          if (this.#ended.signal.aborted) return undefined;
          // Such as no free descriptors: the connections in progress free some.
          const fault = `cannot accept a connection: ${messageOf(error)}`;
          this.#faults.add(fault, fault);
          return delay(100);
        });
        if (this.#ended.signal.aborted) return;
        if (conn) this.#admit(conn);
      }
    } finally {
      listener.close();
    }
  }

  /** Uses another certificate of the authority for later logins. Those in progress are finished with the former one. */
  renew(certified: CertifiedIdentity): void {
    const former = this.#certified;
    this.#certified = ownTls(certified, certified.certificate);
    former?.end.retire();
  }

  /** Refuses new sessions, and ends the server after the running ones. */
  end(): void {
    this.#isEnding = true;
    if (this.#running === 0) this.#ended.abort();
  }

  /** Number of running sessions. */
  get sessions(): number {
    return this.#sessions.size;
  }

  #endPeriod(): void {
    this.#strangers.endPeriod();
    this.#faults.endPeriod();
  }

  #admit(conn: Deno.TcpConn): void {
    const address = plainAddress(conn.remoteAddr.hostname);
    const admission = this.#options.gate.admit(address, () => closeQuietly(conn));
    if (!admission) {
      this.#strangers.add(address, "refused: too many connections without a proof");
      refuse(conn, "busy").catch(() => {});
      return;
    }
    this.#serve(conn, admission).catch((error) => {
      const reason = admission.isDropped ? "dropped for a newer connection" : describeFailure(error);
      const fault = faultOf(error);
      if (fault !== undefined) this.#faults.add(fault, `${address}: ${reason}`);
      else this.#strangers.add(address, reason, error instanceof LoginRefused ? "warn" : "info");
      closeQuietly(conn);
    }).finally(() => admission[Symbol.dispose]());
  }

  async #serve(conn: Deno.TcpConn, admission: Admission): Promise<void> {
    const opening = await withDeadline(FIRST_LINE_MS, readOpening(conn), () => late("first line", FIRST_LINE_MS));
    if (opening.kind === "tls") {
      if (!this.#certified) throw new ProtocolError("bad-first-line", "it uses --ca, and there is no --certificate");
      if (await this.#refusesAll(conn)) return;
      admission.greet();
      return await this.#login(conn, admission, this.#certified, opening.first);
    }
    const { line, rest } = opening;
    const first = parseFirstLine(line);
    if (first.kind === "data") {
      const session = this.#sessions.get(first.route);
      if (!session) throw new ProtocolError("bad-route", "no such session");
      admission[Symbol.dispose]();
      return await session.connect(conn, rest);
    }
    if (rest.length > 0) throw new ProtocolError("bad-first-line", "bytes follow the first line");
    if (this.#isEnding) return await refuse(conn, "ending");
    if (await this.#refusesAll(conn)) return;
    admission.greet();
    const { certificate } = this.#options.identity;
    await sendLine(conn, formatAnswer({ kind: "certificate", certificate }));
    await this.#login(conn, admission, this.#tls);
  }

  /** Refuses a client if no further session is possible. A login in progress may still take the last place. */
  async #refusesAll(conn: Deno.TcpConn): Promise<boolean> {
    const { refused } = this.#options.sessionGate;
    if (refused === undefined) return false;
    this.#strangers.add(plainAddress(conn.remoteAddr.hostname), `refused: ${refused}`, "warn");
    await refuse(conn, "busy");
    return true;
  }

  /** @param first Bytes of TLS that have been read. */
  async #login(conn: Deno.TcpConn, admission: Admission, own: OwnTls, first?: Uint8Array): Promise<void> {
    const { gate, authenticate } = this.#options;
    const address = plainAddress(conn.remoteAddr.hostname);
    const ends = { client: conn.remoteAddr, server: conn.localAddr };
    conn.setNoDelay(true);
    const { tls, ended } = await own.end.accept(conn, first);
    let counted = 0;
    try {
      const denied = () => delay(gate.wrongProof(address));
      const certificateHash = await own.certificateHash;
      const login = acceptLogin(tls, { address, certificateHash, authenticate, denied });
      const { grant, rest } = await withDeadline(LOGIN_MS, login, () => late("login", LOGIN_MS));
      // While the proof was checked. A one-time URL stays usable.
      if (admission.isDropped) throw new Deno.errors.UnexpectedEof();
      admission[Symbol.dispose]();
      gate.rightProof(address);
      this.#running += counted = 1;
      await this.#runSession(tls, grant, rest, ends);
    } finally {
      closeQuietly(tls);
      // The last message is still to be received. Until then the connection counts.
      await ended;
      this.#running -= counted;
      if (this.#isEnding && this.#running === 0) this.#ended.abort();
    }
  }

  async #runSession(tls: Deno.TlsConn, grant: Grant, rest: Uint8Array<ArrayBuffer>, ends: Ends): Promise<void> {
    const { log, onePort, once, sessionGate, startRemote } = this.#options;
    const who = escapePath(grant.who);
    // Another proof may have arrived meanwhile.
    if (this.#isEnding) {
      return await sendLine(tls, formatLogin({ type: "refused", message: "it accepts no new sessions" }));
    }
    const place = sessionGate.admit(grant.client);
    if ("refused" in place) {
      const { refused } = place;
      await sendLine(tls, formatLogin({ type: "refused", message: refused, busy: true }));
      throw new LoginRefused({ refused, logged: `${who}: ${refused}` });
    }
    using _place = place;
    const beganMs = performance.now();
    let session: ServedSession | undefined;
    const note = (text: string) => log("info", text, session?.route.slice(0, 8));
    try {
      const remote = startRemote(grant.restrictions, ends);
      if (once) this.#isEnding = true;
      session = new ServedSession(remote, {
        log: note,
        begun: (report) => note(`${who}: ${describeTask(report)} begins`),
      });
      this.#sessions.set(session.route, session);
      note(`${who}: session begins`);
      // If the client has left, `run` ends at once.
      await sendLine(tls, formatLogin({ type: "accepted", route: session.route, onePort, mac: grant.mac }))
        .catch(() => {});
      const { code, signal } = await session.run(tls, rest);
      const end = describeEnd(await session.report(), signal ? `signal ${signal}` : `status ${code}`);
      note(`${who}: session ended after ${((performance.now() - beganMs) / 1000).toFixed(1)} s: ${end}`);
    } catch (error) {
      log("warn", `${who}: cannot serve a session: ${messageOf(error)}`, session?.route.slice(0, 8));
      if (session) await session.end();
      else {
        const message = "it cannot start one; its log has the reason";
        await sendLine(tls, formatLogin({ type: "refused", message })).catch(() => {});
      }
    } finally {
      if (session) this.#sessions.delete(session.route);
    }
  }
}

function ownTls(credentials: TlsCredentials, certificate: Uint8Array): OwnTls {
  return { end: new TlsEnd(credentials), certificateHash: hashCertificate(certificate) };
}

async function refuse(conn: Deno.TcpConn, reason: "busy" | "ending"): Promise<void> {
  try {
    await sendLine(conn, formatAnswer({ kind: "refused", reason }));
  } finally {
    closeQuietly(conn);
  }
}

/** Returns an IPv4 address without the prefix of RFC 4291, section 2.5.5.2. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

function describeFailure(error: unknown): string {
  return error instanceof Deno.errors.UnexpectedEof ? "the client has closed the connection" : messageOf(error);
}

/** Codes of a lack of descriptors or memory. */
const SHORTAGES = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

/** Returns the fault of this host that caused an error; undefined if the client did. */
function faultOf(error: unknown): string | undefined {
  if (error instanceof LoginRefused) return error.fault;
  return SHORTAGES.includes(codeOf(error) ?? "") ? messageOf(error) : undefined;
}

function late(what: string, ms: number): Error {
  return new Deno.errors.TimedOut(`no ${what} within ${ms / 1000} s`);
}
