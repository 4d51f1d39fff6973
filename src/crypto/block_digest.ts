/**
 * Keyed 128-bit digests of blocks: GMAC, the tag of AES-128-GCM without a payload (NIST SP 800-38D). The nonce is fixed,
 * because the digests authenticate nothing: THREATS.md, "Hostile receiver".
 */

import { createCipheriv } from "node:crypto";
import { NONCE_BYTES, TAG_BYTES } from "./cipher.ts";
import { DIRECTION_UNCHANGED, EVP_CTRL_AEAD_GET_TAG, type Libcrypto, openLibcrypto } from "../native/lib/libcrypto.ts";

/** Computes the digests of one key. */
export interface BlockDigester {
  /** Writes the digest of bytes[start, end) to into[at, at + 16). */
  digest(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, into: Uint8Array, at: number): void;
  /** Frees the key. Repeated calls have no effect. */
  close(): void;
}

const NONCE = new Uint8Array(NONCE_BYTES);

/** Returns a digester. @param engine name of the cipher engine of this process. */
export function createBlockDigester(engine: "native" | "portable", key: Uint8Array): BlockDigester {
  return engine === "native" ? new OpensslDigester(openLibcrypto(), key) : new NodeDigester(key);
}

class OpensslDigester implements BlockDigester {
  readonly #calls: Libcrypto["calls"];
  #context: Deno.PointerValue;
  readonly #done = new Int32Array(1);
  readonly #tag = new Uint8Array(TAG_BYTES);

  constructor({ calls }: Libcrypto, key: Uint8Array) {
    this.#calls = calls;
    this.#context = calls.EVP_CIPHER_CTX_new();
    expectOne(calls.EVP_CipherInit_ex(this.#context, calls.EVP_aes_128_gcm(), null, key.slice(), null, 1));
  }

  digest(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, into: Uint8Array, at: number): void {
    const calls = this.#calls;
    const context = this.#context;
    if (context === null) throw new Error("Cannot use a digester: it is closed");
    expectOne(calls.EVP_CipherInit_ex(context, null, null, null, NONCE, DIRECTION_UNCHANGED));
    const block = bytes.subarray(start, end);
    expectOne(calls.EVP_CipherUpdate(context, null, this.#done, block, block.length));
    expectOne(calls.EVP_CipherFinal_ex(context, this.#tag, this.#done));
    expectOne(calls.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, this.#tag));
    into.set(this.#tag, at);
  }

  close(): void {
    // EVP_CIPHER_CTX_free(3) accepts null.
    this.#calls.EVP_CIPHER_CTX_free(this.#context);
    this.#context = null;
  }
}

class NodeDigester implements BlockDigester {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  digest(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, into: Uint8Array, at: number): void {
    const cipher = createCipheriv("aes-128-gcm", this.#key, NONCE);
    cipher.setAAD(bytes.subarray(start, end));
    cipher.final();
    into.set(cipher.getAuthTag(), at);
  }

  close(): void {
    this.#key.fill(0);
  }
}

function expectOne(returned: number): void {
  if (returned !== 1) throw new Error("libcrypto failed to digest a block");
}
