/** The server's side of a login, inside TLS. */

import { ProtocolError } from "../../errors.ts";
import {
  formatLogin,
  MAX_LOGIN_LINE_BYTES,
  MAX_PROOFS,
  parseProof,
  type Proof,
} from "../../protocol/serve/login_messages.ts";
import { NONCE_BYTES, type ProofBinding } from "../../protocol/serve/proof.ts";
import { type ByteReader, type ByteWriter, writeAll } from "../../net/pass.ts";
import { LineReader } from "../read_line.ts";
import type { Restrictions } from "./restrictions.ts";

/** A client that has proved who it is. */
export interface Grant {
  /** Name of the client for the log. From a configuration file of the server, or from the client: escape it. */
  readonly who: string;
  /** Identity of the client for the limits of sessions, such as the fingerprint of its key. */
  readonly client: string;
  readonly restrictions: Restrictions;
  /** Proof of the server for a client that has proved a one-time secret. */
  readonly mac?: Uint8Array<ArrayBuffer>;
}

/** The reason for which the server has no session for a client, whose proof may be right. */
export interface Refusal {
  /** For the client. Follows a colon. */
  readonly refused: string;
  /** For the log: the client and the reason. */
  readonly logged: string;
  /** The fault of this host, if that is the reason. */
  readonly fault?: string;
}

/** A wrong proof, or that of an unknown key. */
export interface Denial {
  /** Name of the proof for the log, such as the fingerprint of the key. */
  readonly denied: string;
}

/** Checks the proof of a client at an address. */
export type Authenticate = (
  proof: Proof,
  binding: ProofBinding,
  address: string,
) => Promise<Grant | Refusal | Denial>;

/** The server has no session for a client. The message is for the log. */
export class LoginRefused extends Error {
  override name = "LoginRefused";
  /** The fault of this host, if that is the reason. */
  readonly fault?: string;

  constructor({ logged, fault }: Refusal) {
    super(`refused ${logged}`);
    this.fault = fault;
  }
}

/** Options of a login. */
export interface LoginOptions {
  /** Address of the client. */
  readonly address: string;
  /** SHA-256 of the certificate. */
  readonly certificateHash: Uint8Array<ArrayBuffer>;
  readonly authenticate: Authenticate;
  /** Called after the first wrong proof, before the answer. Resolves after the pause that the client must wait. */
  readonly denied: () => Promise<void>;
}

/** A login, and the bytes that arrived after it. */
export interface Login {
  readonly grant: Grant;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/**
 * Sends a challenge, and reads proofs until one is right.
 *
 * @throws {LoginRefused} for a refusal.
 * @throws {ProtocolError} for a message that breaks the protocol, and for every error after a wrong proof.
 * @throws {Deno.errors.UnexpectedEof} if the client ends the connection.
 */
export async function acceptLogin(conn: ByteReader & ByteWriter, options: LoginOptions): Promise<Login> {
  const denied: string[] = [];
  try {
    return await readProofs(conn, options, denied);
  } catch (cause) {
    if (denied.length === 0 || cause instanceof LoginRefused) throw cause;
    const more = denied.length > 1 ? ` and ${denied.length - 1} more` : "";
    throw new ProtocolError("denied", `denied ${denied[0]}${more}`, { cause });
  }
}

/** @param names Receives the names of wrong proofs. */
async function readProofs(
  conn: ByteReader & ByteWriter,
  { address, certificateHash, authenticate, denied }: LoginOptions,
  names: string[],
): Promise<Login> {
  const serverNonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  await sendLine(conn, formatLogin({ type: "challenge", nonce: serverNonce }));
  const lines = new LineReader(conn, MAX_LOGIN_LINE_BYTES);
  while (names.length < MAX_PROOFS) {
    const proof = parseProof(await lines.next());
    const answer = await authenticate(proof, { certificateHash, serverNonce, clientNonce: proof.nonce }, address);
    if ("refused" in answer) {
      await sendLine(conn, formatLogin({ type: "refused", message: answer.refused }));
      throw new LoginRefused(answer);
    }
    if ("who" in answer) return { grant: answer, rest: lines.rest };
    names.push(answer.denied);
    // A client may have several keys, so they count as one attempt.
    if (names.length === 1) await denied();
    await sendLine(conn, formatLogin({ type: "denied" }));
  }
  throw new ProtocolError("denied", `${MAX_PROOFS} wrong proofs`);
}

/** Sends a line. @throws {Error} if the connection breaks. */
export async function sendLine(conn: ByteWriter, line: string): Promise<void> {
  await writeAll(conn, new TextEncoder().encode(line));
}
