/** Logins with keys of `authorized_keys`. */

import { escapePath, UserError } from "../../errors.ts";
import { FormatError } from "../../protocol/serve/ssh_strings.ts";
import { keyProofData, type ProofBinding } from "../../protocol/serve/proof.ts";
import type { KeyProof } from "../../protocol/serve/login_messages.ts";
import { fingerprintOf, parsePublicKeyBlob, type PublicKey, verifySignature } from "../keys/public_key.ts";
import { type AuthorizedKey, type AuthorizedKeysFile, findAuthorizedKey } from "./authorized_keys.ts";
import { restrict } from "./key_options.ts";
import { checkRoot, type ProtectedFile } from "./key_root.ts";
import type { Authenticate, Grant, Refusal } from "./login.ts";
import type { Restrictions } from "./restrictions.ts";

/** Settings of a server whose clients have keys. */
export interface KeyLoginOptions {
  readonly file: AuthorizedKeysFile;
  /** Files that the directory of a key must not contain. */
  readonly protectedFiles: readonly ProtectedFile[];
  /** Restrictions of all clients. */
  readonly restrictions: Restrictions;
}

/** Returns the function that checks the proofs of clients. */
export function keyLogin({ file, protectedFiles, restrictions }: KeyLoginOptions): Authenticate {
  return async (proof, binding, address) => {
    if (proof.type !== "key") return { denied: "the secret of a URL" };
    const key = parseKey(proof);
    const name = await nameOf(key, proof.name);
    try {
      const authorized = key && findAuthorizedKey(file.read(), proof.key, address);
      if (!authorized || !await isRight(proof, binding, authorized.key)) return { denied: name };
      return grantOf(authorized, { name, address, client: await fingerprintOf(authorized.key) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const fault = error.message;
      return { refused: "it cannot serve this key; see its log", logged: `${name}: ${fault}`, fault };
    }
  };

  function grantOf(
    { comment, options }: AuthorizedKey,
    { name, address, client }: { name: string; address: string; client: string },
  ): Grant | Refusal {
    const granted = restrict(restrictions, options);
    if (granted.allow?.length === 0) {
      const refused = "it allows this key neither to push nor to pull";
      return { refused, logged: `${name}: ${refused}` };
    }
    const root = checkRoot(restrictions.root, options.root, protectedFiles);
    const who = `${name} from ${address}${comment === "" ? "" : ` (${comment})`}`;
    return { who, client, restrictions: { ...granted, root } };
  }
}

async function isRight({ signature }: KeyProof, binding: ProofBinding, key: PublicKey): Promise<boolean> {
  return await verifySignature(key, signature, await keyProofData(binding, key.blob));
}

function parseKey({ key }: KeyProof): PublicKey | undefined {
  try {
    return parsePublicKeyBlob(key);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Returns the key of a client, with the name that it has given, for the log. */
async function nameOf(key: PublicKey | undefined, name: string | undefined): Promise<string> {
  const fingerprint = key ? await fingerprintOf(key) : "an invalid key";
  return name === undefined ? fingerprint : `${fingerprint} as ${escapePath(name)}`;
}
