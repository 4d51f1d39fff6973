/** Messages of a login at `escp --serve`, inside TLS: one JSON object per line. See WIRE_FORMAT.md, "Sessions without ssh". */

import { ProtocolError } from "../../errors.ts";
import * as shape from "../control/shape.ts";
import { NONCE_BYTES, SECRET_PROOF_BYTES } from "./proof.ts";

/** Maximum length of a message, in bytes with its newline. */
export const MAX_LOGIN_LINE_BYTES = 4096;
/** Length of an Ed25519 signature, in bytes. */
export const SIGNATURE_BYTES = 64;
/** Maximum number of proofs in a connection: a client may have several keys. */
export const MAX_PROOFS = 6;
/** Maximum length of a public key, in bytes. */
const MAX_KEY_BYTES = 256;
/** Maximum length of a text, in UTF-16 units. */
const MAX_TEXT = 1024;
/** Maximum length of a client's name, in UTF-16 units. */
export const MAX_CLIENT_NAME = 64;

/** First message of the server. */
export interface Challenge {
  readonly type: "challenge";
  /** Random bytes, new for each connection. */
  readonly nonce: Uint8Array;
}

/** Proof by the signature of an OpenSSH key. */
export interface KeyProof {
  readonly type: "key";
  /** Random bytes, new for each proof. */
  readonly nonce: Uint8Array;
  /** Public key in the format of RFC 8709: type and key, each after its length. */
  readonly key: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** Name of the client for the server's log. */
  readonly name?: string;
}

/** Proof by the secret of a one-time URL. */
export interface OnceProof {
  readonly type: "once";
  /** Random bytes, new for each proof. */
  readonly nonce: Uint8Array;
  readonly mac: Uint8Array<ArrayBuffer>;
}

/** Message of the client. */
export type Proof = KeyProof | OnceProof;

/** The server accepts the proof. The control channel of the session follows. */
export interface Accepted {
  readonly type: "accepted";
  /** Names the session in the first line of data connections: 16 random bytes in hexadecimal. Secret. */
  readonly route: string;
  /** Whether data connections must use the server's port. */
  readonly onePort: boolean;
  /** Proof of the server, if that of the client was by a one-time secret. */
  readonly mac?: Uint8Array<ArrayBuffer>;
}

/** Answer of the server to a proof. */
export type Verdict =
  | Accepted
  /** The proof is wrong, or the key unknown. The client may send another proof. */
  | { readonly type: "denied" }
  /** The connection ends. `busy`: too many sessions are running, so the client may try again. */
  | { readonly type: "refused"; readonly message: string; readonly busy?: boolean };

/** Formats a message, with its newline. */
export function formatLogin(message: Challenge | Proof | Verdict): string {
  const fields = Object.entries(message).map(([name, value]) => {
    return [name, value instanceof Uint8Array ? value.toBase64() : value];
  });
  return JSON.stringify(Object.fromEntries(fields)) + "\n";
}

/** Parses the first message of the server. @throws {ProtocolError} */
export function parseChallenge(line: string): Challenge {
  const fields = shape.parseObject(line);
  return { type: shape.oneOf(fields, "type", ["challenge"]), nonce: shape.bytes(fields, "nonce", NONCE_BYTES) };
}

/** Parses a message of the client. @throws {ProtocolError} */
export function parseProof(line: string): Proof {
  const fields = shape.parseObject(line);
  const type = shape.oneOf(fields, "type", ["key", "once"]);
  const nonce = shape.bytes(fields, "nonce", NONCE_BYTES);
  if (type === "once") return { type, nonce, mac: shape.bytes(fields, "mac", SECRET_PROOF_BYTES) };
  return {
    type,
    nonce,
    key: shape.base64(fields, "key", MAX_KEY_BYTES),
    signature: shape.bytes(fields, "signature", SIGNATURE_BYTES),
    name: shape.optional(fields, "name", shape.text, MAX_CLIENT_NAME),
  };
}

/** Parses an answer of the server. @throws {ProtocolError} */
export function parseVerdict(line: string): Verdict {
  const fields = shape.parseObject(line);
  const type = shape.oneOf(fields, "type", ["accepted", "denied", "refused"]);
  if (type === "denied") return { type };
  if (type === "refused") {
    const message = shape.text(fields, "message", MAX_TEXT);
    return { type, message, busy: shape.optional(fields, "busy", shape.flag) };
  }
  const route = shape.text(fields, "route", 32);
  if (!/^[0-9a-f]{32}$/.test(route)) {
    throw new ProtocolError("bad-message", "Cannot accept a message from the peer: route is not 32 hexadecimal digits");
  }
  return {
    type,
    route,
    onePort: shape.flag(fields, "onePort"),
    mac: shape.optional(fields, "mac", shape.bytes, SECRET_PROOF_BYTES),
  };
}
