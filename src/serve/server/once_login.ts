/** The login with the secret of a one-time URL. */

import { isSecretProof, secretProof } from "../../protocol/serve/proof.ts";
import type { Authenticate } from "./login.ts";
import type { Restrictions } from "./restrictions.ts";

/** Returns the function that checks the proof of the client. The server accepts only one session. */
export function onceLogin(secret: Uint8Array, restrictions: Restrictions): Authenticate {
  return async (proof, binding, address) => {
    if (proof.type !== "once") return { denied: "a key" };
    if (!await isSecretProof("client", proof.mac, secret, binding)) return { denied: "the secret of another URL" };
    const mac = await secretProof("server", secret, binding);
    return { who: `the one-time URL from ${address}`, client: "the one-time URL", restrictions, mac };
  };
}
