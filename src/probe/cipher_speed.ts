/** How fast one core seals with a cipher. */

import { type CipherEngine, type CipherName, KEY_BYTES, NONCE_BYTES, SALT_BYTES, TAG_BYTES } from "../crypto/cipher.ts";

const PIECE_BYTES = 1 << 20;

/** Seals for so long, one piece after the other. @returns bytes a second. */
export async function measureCipher(engine: CipherEngine, cipher: CipherName, ms: number): Promise<number> {
  // Made for this and thrown away: what is sealed never leaves this function.
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES[cipher]));
  const sealing = await engine.create({ cipher, key, salt: new Uint8Array(SALT_BYTES) });
  try {
    const nonce = new Uint8Array(NONCE_BYTES);
    const view = new DataView(nonce.buffer);
    const bytes = new Uint8Array(PIECE_BYTES + TAG_BYTES);
    const startedAt = performance.now();
    let pieces = 0;
    let elapsed = 0;
    while (elapsed < ms) {
      view.setUint32(NONCE_BYTES - 4, ++pieces);
      const done = sealing.seal(nonce, bytes, 0, 0, PIECE_BYTES);
      if (done) await done;
      elapsed = performance.now() - startedAt;
    }
    return Math.round(pieces * PIECE_BYTES / elapsed * 1000);
  } finally {
    sealing.close();
  }
}
