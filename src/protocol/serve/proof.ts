/**
 * Proofs of the two ends of a session without ssh. Each proof covers the certificate of the TLS connection that its maker
 * sees, so that a server in the middle, which has another certificate, cannot pass a proof on. It also covers a nonce of
 * each end, so that a recorded proof fails later. Pure.
 */

import { concat } from "../../bytes.ts";
import { sshString } from "./ssh_strings.ts";

/** Length of a nonce in bytes. */
export const NONCE_BYTES = 32;

/** Length of the SHA-256 digest of a certificate in bytes. */
export const HASH_BYTES = 32;

/** Length of the secret of a one-time URL, in bytes. */
export const ONE_TIME_SECRET_BYTES = 16;

/** Length of a proof of the one-time secret, in bytes. */
export const SECRET_PROOF_BYTES = 32;

/** Namespace of the signatures, as of `ssh-keygen -Y sign -n`: a signature for another purpose is not a proof. */
export const KEY_PROOF_NAMESPACE = "session@escp";

const KEY_CONTEXT = "escps/1 proof of the client's key";
const SECRET_CONTEXTS = {
  server: "escps/1 proof of the one-time secret by the server",
  client: "escps/1 proof of the one-time secret by the client",
};

/** The values that bind a proof to one TLS connection. 32 bytes each. */
export interface ProofBinding {
  /** SHA-256 of the server's certificate in DER: received by the client, own for the server. */
  readonly certificateHash: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly clientNonce: Uint8Array;
}

/**
 * Returns the bytes that the client signs with its key. The format is that of signed data in PROTOCOL.sshsig of OpenSSH,
 * with the SHA-512 digest of `keyProofMessage`. An SSH server never accepts such a signature as a login.
 *
 * @param keyBlob Public key of the client in the format of RFC 8709, section 4.
 */
export async function keyProofData(binding: ProofBinding, keyBlob: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const digest = await crypto.subtle.digest("SHA-512", keyProofMessage(binding, keyBlob));
  const fields = [KEY_PROOF_NAMESPACE, "", "sha512", new Uint8Array(digest)];
  return concat([new TextEncoder().encode("SSHSIG"), ...fields.map(sshString)]);
}

/** Returns the message of a signature: context, certificate, nonces and key, each after its length. */
export function keyProofMessage(binding: ProofBinding, keyBlob: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([...boundFields(KEY_CONTEXT, binding), sshString(keyBlob)]);
}

/**
 * Returns the HMAC-SHA-256 proof of the one-time secret by one end. The proofs of the ends differ, so none can be returned
 * to its maker.
 *
 * @param secret ONE_TIME_SECRET_BYTES bytes.
 */
export async function secretProof(
  by: "server" | "client",
  secret: Uint8Array,
  binding: ProofBinding,
): Promise<Uint8Array<ArrayBuffer>> {
  if (secret.length !== ONE_TIME_SECRET_BYTES) {
    throw new RangeError(`Cannot make a proof: the secret must have ${ONE_TIME_SECRET_BYTES} bytes`);
  }
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new Uint8Array(secret), algorithm, false, ["sign"]);
  const proof = await crypto.subtle.sign(algorithm, key, concat(boundFields(SECRET_CONTEXTS[by], binding)));
  return new Uint8Array(proof);
}

/** Returns whether a received proof is that of one end. The time does not depend on the bytes. */
export async function isSecretProof(
  by: "server" | "client",
  proof: Uint8Array,
  secret: Uint8Array,
  binding: ProofBinding,
): Promise<boolean> {
  return equalsInConstantTime(proof, await secretProof(by, secret, binding));
}

/** Returns whether two arrays have the same bytes. The time depends only on the length. */
export function equalsInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one[at] ^ other[at];
  return difference === 0;
}

function boundFields(context: string, binding: ProofBinding): Uint8Array<ArrayBuffer>[] {
  const { certificateHash, serverNonce, clientNonce } = binding;
  const isValid = certificateHash.length === HASH_BYTES &&
    [serverNonce, clientNonce].every(({ length }) => length === NONCE_BYTES);
  if (!isValid) throw new RangeError(`Cannot make a proof: digest and nonces must have ${NONCE_BYTES} bytes each`);
  return [context, certificateHash, serverNonce, clientNonce].map(sshString);
}
