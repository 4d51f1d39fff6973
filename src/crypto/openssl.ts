/** The native engine: AES-GCM by the system's libcrypto, synchronous and in place. */

import {
  badTag,
  checkKey,
  checkMessage,
  type CipherName,
  type DirectionKey,
  type SyncCipher,
  type SyncCipherEngine,
  TAG_BYTES,
} from "./cipher.ts";
import { testEngine } from "./known_answer.ts";
import {
  DIRECTION_UNCHANGED,
  EVP_CTRL_AEAD_GET_TAG,
  EVP_CTRL_AEAD_SET_TAG,
  type Libcrypto,
  libcryptoPath,
  openLibcrypto,
} from "../native/lib/libcrypto.ts";

/**
 * Loads libcrypto and returns its engine after a self-test.
 *
 * @throws {Error} if libcrypto is missing or fails the self-test.
 */
export function loadOpensslEngine(libcrypto: Libcrypto = openLibcrypto()): SyncCipherEngine {
  const engine: SyncCipherEngine = {
    name: "native",
    library: libcrypto.version,
    // Read on demand, because only `--version` shows it.
    get libraryPath() {
      return libcryptoPath(libcrypto);
    },
    create(key: DirectionKey): SyncCipher {
      checkKey(key);
      return new OpensslCipher(libcrypto, key);
    },
  };
  testEngine(engine);
  return engine;
}

class OpensslCipher implements SyncCipher {
  readonly #libcrypto: Libcrypto;
  readonly #cipher: CipherName;
  readonly #key: Uint8Array<ArrayBuffer>;
  // Created at the first use, because most ciphers only seal or only open.
  #sealing: Deno.PointerValue = null;
  #opening: Deno.PointerValue = null;
  #closed = false;
  /** Number of processed bytes, which libcrypto writes as an int. */
  readonly #done = new Int32Array(1);

  constructor(libcrypto: Libcrypto, key: DirectionKey) {
    this.#libcrypto = libcrypto;
    this.#cipher = key.cipher;
    this.#key = key.key.slice();
  }

  seal(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void {
    checkMessage(nonce, bytes, aadStart, start, end);
    const context = this.#sealing ??= this.#newContext(1);
    const { calls } = this.#libcrypto;
    const tag = bytes.subarray(end, end + TAG_BYTES);
    this.#update(context, nonce, bytes, aadStart, start, end);
    // Writes no bytes in GCM. The tag, which is written next, serves as the output buffer.
    expectOne(calls.EVP_CipherFinal_ex(context, tag, this.#done), "EVP_CipherFinal_ex");
    expectOne(calls.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag), "EVP_CIPHER_CTX_ctrl");
  }

  open(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void {
    checkMessage(nonce, bytes, aadStart, start, end);
    const context = this.#opening ??= this.#newContext(0);
    const { calls } = this.#libcrypto;
    const tag = bytes.subarray(end, end + TAG_BYTES);
    // The payload is decrypted in place before its tag is checked, so wipe it unless the tag is right.
    let genuine = false;
    try {
      this.#update(context, nonce, bytes, aadStart, start, end);
      expectOne(calls.EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag), "EVP_CIPHER_CTX_ctrl");
      genuine = calls.EVP_CipherFinal_ex(context, tag, this.#done) === 1;
    } finally {
      if (!genuine) bytes.fill(0, start, end);
    }
    if (!genuine) {
      calls.ERR_clear_error();
      throw badTag();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { calls } = this.#libcrypto;
    // EVP_CIPHER_CTX_free(3) accepts null.
    calls.EVP_CIPHER_CTX_free(this.#sealing);
    calls.EVP_CIPHER_CTX_free(this.#opening);
    this.#sealing = this.#opening = null;
    this.#key.fill(0);
  }

  /** Creates a context with the key. @param direction 1 to seal, 0 to open. */
  #newContext(direction: 0 | 1): Deno.PointerObject {
    if (this.#closed) throw new Error("Cannot use a cipher: it is closed");
    const { calls } = this.#libcrypto;
    const algorithm = this.#cipher === "aes-128-gcm" ? calls.EVP_aes_128_gcm() : calls.EVP_aes_256_gcm();
    const context = calls.EVP_CIPHER_CTX_new();
    if (context === null) throw new Error("EVP_CIPHER_CTX_new failed");
    if (calls.EVP_CipherInit_ex(context, algorithm, null, this.#key, null, direction) !== 1) {
      calls.EVP_CIPHER_CTX_free(context);
      throw new Error("EVP_CipherInit_ex failed to take a key");
    }
    return context;
  }

  /** Processes the nonce, the authenticated data and the payload. */
  #update(
    context: Deno.PointerObject,
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): void {
    const { calls } = this.#libcrypto;
    const ready = calls.EVP_CipherInit_ex(
      context,
      null,
      null,
      null,
      nonce as Uint8Array<ArrayBuffer>,
      DIRECTION_UNCHANGED,
    );
    expectOne(ready, "EVP_CipherInit_ex");
    if (start > aadStart) {
      const aad = bytes.subarray(aadStart, start);
      expectOne(calls.EVP_CipherUpdate(context, null, this.#done, aad, start - aadStart), "EVP_CipherUpdate");
    }
    if (end > start) {
      const payload = bytes.subarray(start, end);
      const updated = calls.EVP_CipherUpdate(context, payload, this.#done, payload, end - start);
      expectOne(updated, "EVP_CipherUpdate");
      if (this.#done[0] !== end - start) throw new Error("EVP_CipherUpdate processed only a part of a message");
    }
  }
}

function expectOne(returned: number, call: string): void {
  if (returned !== 1) throw new Error(`${call} failed`);
}
