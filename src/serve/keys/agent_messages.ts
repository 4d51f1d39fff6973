/** Messages of ssh-agent (draft-ietf-sshm-ssh-agent), as pure functions. */

import { concat } from "../../bytes.ts";
import { SIGNATURE_BYTES } from "../../protocol/serve/login_messages.ts";
import { FormatError, SshReader, sshString, uint32 } from "../../protocol/serve/ssh_strings.ts";
import { KEY_TYPE, parsePublicKeyBlob, type PublicKey } from "./public_key.ts";

/** Maximum length of an answer without its length field, in bytes, as in OpenSSH. */
export const MAX_ANSWER_BYTES = 256 << 10;

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

const OBJECT = "the answer of ssh-agent";

/** A key of the agent. */
export interface AgentIdentity {
  readonly key: PublicKey;
  /** From the agent: escape it. */
  readonly comment: string;
}

/** Returns a request for the keys of the agent. */
export function identitiesRequest(): Uint8Array<ArrayBuffer> {
  return request([Uint8Array.of(REQUEST_IDENTITIES)]);
}

/** Returns a request to sign data. */
export function signRequest({ blob }: PublicKey, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return request([Uint8Array.of(SIGN_REQUEST), sshString(blob), sshString(data), uint32(0)]);
}

/**
 * Returns the length of an answer from the four bytes before it.
 *
 * @throws {FormatError} if it is 0 or exceeds MAX_ANSWER_BYTES.
 */
export function answerLength(bytes: Uint8Array): number {
  const reader = new SshReader(bytes, OBJECT);
  const length = reader.uint32();
  if (length < 1 || length > MAX_ANSWER_BYTES) throw reader.error(`it has ${length} bytes`);
  return length;
}

/**
 * Parses an answer with keys. Keys of other types are left out.
 *
 * @returns undefined if the agent refuses, as a locked one may do.
 * @throws {FormatError}
 */
export function parseIdentities(answer: Uint8Array): AgentIdentity[] | undefined {
  const reader = new SshReader(answer, OBJECT);
  if (reader.byte() !== IDENTITIES_ANSWER) return undefined;
  const identities: AgentIdentity[] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const blob = reader.string();
    const comment = new TextDecoder().decode(reader.string());
    if (new SshReader(blob, OBJECT).ascii() === KEY_TYPE) identities.push({ key: parsePublicKeyBlob(blob), comment });
  }
  reader.end();
  return identities;
}

/**
 * Parses an answer with a signature. Returns its 64 bytes.
 *
 * @returns undefined if the agent refuses.
 * @throws {FormatError}
 */
export function parseSignature(answer: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const reader = new SshReader(answer, OBJECT);
  if (reader.byte() !== SIGN_RESPONSE) return undefined;
  const inner = new SshReader(reader.string(), OBJECT);
  reader.end();
  if (inner.ascii() !== KEY_TYPE) throw inner.error("it has a signature of another type");
  const signature = inner.string();
  inner.end();
  if (signature.length !== SIGNATURE_BYTES) throw new FormatError(OBJECT, "its signature has a wrong length");
  return new Uint8Array(signature);
}

function request(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return sshString(concat(parts));
}
