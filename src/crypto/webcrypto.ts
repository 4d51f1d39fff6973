/** The portable engine with WebCrypto, which uses threads of its own. */

import {
  badTag,
  checkKey,
  checkMessage,
  type Cipher,
  type CipherEngine,
  type DirectionKey,
  TAG_BYTES,
} from "./cipher.ts";
import { moveResult } from "./move_result.ts";

/** AES-GCM by WebCrypto, which every version of Deno has. */
export const webcryptoEngine: CipherEngine = {
  name: "portable",
  library: "WebCrypto",
  async create(key: DirectionKey): Promise<Cipher> {
    checkKey(key);
    const imported = await crypto.subtle.importKey("raw", key.key.slice(), "AES-GCM", false, ["encrypt", "decrypt"]);
    return new WebCryptoCipher(imported);
  },
};

class WebCryptoCipher implements Cipher {
  #key: CryptoKey | undefined;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  async seal(
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): Promise<void> {
    checkMessage(nonce, bytes, aadStart, start, end);
    const parameters = gcmParameters(nonce, bytes.subarray(aadStart, start));
    const sealed = await crypto.subtle.encrypt(parameters, this.#openKey(), bytes.subarray(start, end));
    moveResult(new Uint8Array(sealed), bytes, start);
  }

  async open(
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): Promise<void> {
    checkMessage(nonce, bytes, aadStart, start, end);
    const key = this.#openKey();
    let payload: ArrayBuffer;
    try {
      const parameters = gcmParameters(nonce, bytes.subarray(aadStart, start));
      payload = await crypto.subtle.decrypt(parameters, key, bytes.subarray(start, end + TAG_BYTES));
    } catch (error) {
      bytes.fill(0, start, end);
      // Other errors, such as a lack of memory, are not the fault of the peer.
      if (error instanceof DOMException && error.name === "OperationError") throw badTag();
      throw error;
    }
    moveResult(new Uint8Array(payload), bytes, start);
  }

  close(): void {
    this.#key = undefined;
  }

  #openKey(): CryptoKey {
    if (this.#key === undefined) throw new Error("Cannot use a cipher: it is closed");
    return this.#key;
  }
}

function gcmParameters(nonce: Uint8Array, aad: Uint8Array<ArrayBuffer>): AesGcmParams {
  // Copy the nonce, because the caller changes it in place.
  return { name: "AES-GCM", iv: nonce.slice(), additionalData: aad, tagLength: TAG_BYTES * 8 };
}
