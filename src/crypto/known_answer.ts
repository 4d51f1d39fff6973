/** Self-test of a cipher engine with known answers and with a wrong tag. */

import { type CipherName, type SyncCipherEngine, TAG_BYTES } from "./cipher.ts";
import { ProtocolError } from "../errors.ts";

// Test cases 4 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B.
const KEY = "feffe9928665731c6d6a8f9467308308";
const NONCE = "cafebabefacedbaddecaf888";
const AAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const PAYLOAD = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const ANSWERS: readonly { cipher: CipherName; key: string; sealed: string }[] = [
  {
    cipher: "aes-128-gcm",
    key: KEY,
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091" + "5bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    cipher: "aes-256-gcm",
    key: KEY + KEY,
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b",
  },
];

/**
 * Tests that an engine seals and opens a message, and refuses a wrong tag, for each key size. Runs twice, because
 * contexts are reused.
 *
 * @throws {Error} at the first wrong answer.
 */
export function testEngine(engine: SyncCipherEngine): void {
  for (const { cipher: name, key, sealed } of ANSWERS) {
    const cipher = engine.create({
      cipher: name,
      key: Uint8Array.fromHex(key),
      salt: Uint8Array.fromHex(NONCE).subarray(0, 4),
    });
    try {
      const nonce = Uint8Array.fromHex(NONCE);
      for (let round = 0; round < 2; round++) {
        const bytes = Uint8Array.fromHex(AAD + PAYLOAD + "00".repeat(TAG_BYTES));
        const start = AAD.length / 2;
        const end = bytes.length - TAG_BYTES;
        cipher.seal(nonce, bytes, 0, start, end);
        if (bytes.toHex() !== AAD + sealed) throw new Error(`${engine.library} encrypts ${name} incorrectly`);
        cipher.open(nonce, bytes, 0, start, end);
        if (bytes.subarray(0, end).toHex() !== AAD + PAYLOAD) {
          throw new Error(`${engine.library} decrypts ${name} incorrectly`);
        }
        bytes[end] ^= 1;
        if (!refuses(() => cipher.open(nonce, bytes, 0, start, end))) {
          throw new Error(`${engine.library} accepts a wrong tag of ${name}`);
        }
      }
    } finally {
      cipher.close();
    }
  }
}

function refuses(open: () => void): boolean {
  try {
    open();
    return false;
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}
