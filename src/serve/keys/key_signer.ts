import type { PublicKey } from "./public_key.ts";

/** A private key that can sign, in a file or in ssh-agent. */
export interface KeySigner {
  readonly publicKey: PublicKey;
  /** Returns the Ed25519 signature of the data, 64 bytes. @throws {UserError} if the agent refuses. */
  sign(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}
