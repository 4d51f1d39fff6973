/** Measures the encryption rate of one core. */

import { type CipherEngine, type CipherName, KEY_BYTES, NONCE_BYTES, SALT_BYTES, TAG_BYTES } from "../crypto/cipher.ts";

const CHUNK_BYTES = 1 << 20;

/** Encrypts one chunk after the other for `ms`. @returns bytes per second. */
export async function measureCipher(engine: CipherEngine, cipher: CipherName, ms: number): Promise<number> {
  // The key is only for this measurement, so it needs no salt.
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES[cipher]));
  const encryption = await engine.create({ cipher, key, salt: new Uint8Array(SALT_BYTES) });
  try {
    const nonce = new Uint8Array(NONCE_BYTES);
    const view = new DataView(nonce.buffer);
    const bytes = new Uint8Array(CHUNK_BYTES + TAG_BYTES);
    const startedAt = performance.now();
    let chunks = 0;
    let elapsed = 0;
    while (elapsed < ms) {
      view.setUint32(NONCE_BYTES - 4, ++chunks);
      const done = encryption.seal(nonce, bytes, 0, 0, CHUNK_BYTES);
      if (done) await done;
      elapsed = performance.now() - startedAt;
    }
    return Math.round(chunks * CHUNK_BYTES / elapsed * 1000);
  } finally {
    encryption.close();
  }
}
