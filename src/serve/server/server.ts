/** `escp --serve`: accepts connections, checks their proofs, and starts a remote end for each session. */

import { abortable } from "../../async/abortable.ts";
import { delay } from "../../async/delay.ts";
import { withDeadline } from "../../async/settle_within.ts";
import { escapePath, messageOf, ProtocolError } from "../../errors.ts";
import { closeQuietly } from "../../net/close.ts";
import { formatAnswer, parseFirstLine } from "../../protocol/serve/first_line.ts";
import { formatLogin } from "../../protocol/serve/login_messages.ts";
import { credentialsOf, type Identity, type TlsCredentials } from "../certificate.ts";
import { hashCertificate } from "../fingerprint.ts";
import type { CertifiedIdentity } from "./certified_identity.ts";
import type { LoginGate } from "./login_gate.ts";
import { acceptLogin, type Authenticate, type Grant, sendLine } from "./login.ts";
import { readOpening } from "./opening.ts";
import type { Restrictions } from "./restrictions.ts";
import { ServedSession } from "./session.ts";
import { TlsEnd } from "./tls_end.ts";

/** Maximum time for the first line, in milliseconds. */
const FIRST_LINE_MS = 10_000;
/** Maximum time from the first line to the proof, in milliseconds. The user may be asked about the server, or by ssh-agent. */
const LOGIN_MS = 120_000;

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
  readonly #certified?: OwnTls;
  readonly #sessions = new Map<string, ServedSession>();
  /** Number of connections with a session, until the client has received the last message. */
  #running = 0;
  readonly #ended = new AbortController();
  #isEnding = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { identity, certified } = options;
    this.#tls = ownTls(credentialsOf(identity), identity.certificate);
    this.#certified = certified && ownTls(certified, certified.certificate);
  }

  /** Accepts connections until the server has ended. */
  async run(): Promise<void> {
    const { listeners } = this.#options;
    await Promise.all(listeners.map((listener) => this.#accept(listener)));
    for (const tls of [this.#tls, this.#certified]) tls?.end[Symbol.dispose]();
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    const { log } = this.#options;
    try {
      for (;;) {
        const conn = await abortable(listener.accept(), this.#ended.signal).catch((error) => {
          if (this.#ended.signal.aborted) return undefined;
          // Such as no free descriptors: the connections in progress free some.
          log("warn", `Cannot accept a connection: ${messageOf(error)}`);
          return delay(100);
        });
        if (this.#ended.signal.aborted) return;
        if (conn) this.#admit(conn);
      }
    } finally {
      listener.close();
    }
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

  #admit(conn: Deno.TcpConn): void {
    const address = plainAddress(conn.remoteAddr.hostname);
    const { gate, log } = this.#options;
    const admission = gate.admit(address);
    if (!admission) {
      refuse(conn, "busy").catch(() => {});
      return;
    }
    this.#serve(conn, admission).catch((error) => {
      log("info", `${address}: ${error instanceof Deno.errors.UnexpectedEof ? "the client left" : messageOf(error)}`);
      closeQuietly(conn);
    }).finally(() => admission[Symbol.dispose]());
  }

  async #serve(conn: Deno.TcpConn, admission: Disposable): Promise<void> {
    const opening = await withDeadline(FIRST_LINE_MS, readOpening(conn), late("first line"));
    if (opening.kind === "tls") {
      if (!this.#certified) throw new ProtocolError("bad-first-line", "it uses --ca, and there is no --certificate");
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
    const { certificate } = this.#options.identity;
    await sendLine(conn, formatAnswer({ kind: "certificate", certificate }));
    await this.#login(conn, admission, this.#tls);
  }

  /** @param first Bytes of TLS that have been read. */
  async #login(conn: Deno.TcpConn, admission: Disposable, own: OwnTls, first?: Uint8Array): Promise<void> {
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
      const { grant, rest } = await withDeadline(LOGIN_MS, login, late("login"));
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
    const { log, onePort, once, startRemote } = this.#options;
    const who = escapePath(grant.who);
    // Another proof may have arrived meanwhile.
    if (this.#isEnding) {
      return await sendLine(tls, formatLogin({ type: "refused", message: "it accepts no new sessions" }));
    }
    if (once) this.#isEnding = true;
    let session: ServedSession | undefined;
    try {
      const child = startRemote(grant.restrictions, ends);
      const started = new ServedSession(child, (line) => log("info", line, started.route.slice(0, 8)));
      session = started;
      this.#sessions.set(session.route, session);
      log("info", `${who}: session begins`, session.route.slice(0, 8));
      await sendLine(tls, formatLogin({ type: "accepted", route: session.route, onePort, mac: grant.mac }));
      const { code } = await session.run(tls, rest);
      log("info", `${who}: session ended with status ${code}`, session.route.slice(0, 8));
    } catch (error) {
      session?.kill("SIGTERM");
      throw error;
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

function late(what: string): () => Error {
  return () => new Deno.errors.TimedOut(`no ${what} in time`);
}
