/** Logins with keys of `authorized_keys`. */

import { FormatError } from "../../protocol/serve/ssh_strings.ts";
import { keyProofData } from "../../protocol/serve/proof.ts";
import type { KeyProof } from "../../protocol/serve/login_messages.ts";
import { fingerprintOf, parsePublicKeyBlob, type PublicKey, verifySignature } from "../keys/public_key.ts";
import { type AuthorizedKey, AuthorizedKeysFile, findAuthorizedKey } from "./authorized_keys.ts";
import { restrict } from "./key_options.ts";
import type { Authenticate, Grant } from "./login.ts";
import type { Restrictions } from "./restrictions.ts";

/** Settings of a server whose clients have keys. */
export interface KeyLoginOptions {
  /** Path of the file. It is read at each login. */
  readonly file: string;
  /** Restrictions of all clients. */
  readonly restrictions: Restrictions;
  /** Reports a line of the file that is not used. */
  readonly warn: (text: string) => void;
}

/** Returns the function that checks the proofs of clients. */
export function keyLogin({ file, restrictions, warn }: KeyLoginOptions): Authenticate {
  const keys = new AuthorizedKeysFile(
    file,
    ({ line, reason }) => warn(`${file}, line ${line}, is not used: ${reason}`),
  );
  return async (proof, binding, address) => {
    if (proof.type !== "key") return undefined;
    const authorized = findAuthorizedKey(keys.read(), proof.key, address);
    const key = parseKey(proof);
    if (!authorized || !key) return undefined;
    if (!await verifySignature(key, proof.signature, await keyProofData(binding, key.blob))) return undefined;
    return await grantOf(authorized, proof, restrictions);
  };
}

function parseKey({ key }: KeyProof): PublicKey | undefined {
  try {
    return parsePublicKeyBlob(key);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function grantOf(
  { key, comment, options }: AuthorizedKey,
  { name }: KeyProof,
  shared: Restrictions,
): Promise<Grant> {
  const who = [await fingerprintOf(key), comment, name === undefined ? "" : `as ${name}`].filter(Boolean).join(" ");
  return { who, restrictions: restrict(shared, options) };
}
