/** Secrets of a session, the same in every run. */

import { frameBytes } from "../../src/protocol/data/frame.ts";
import { PREAMBLE_BYTES } from "../../src/protocol/data/preamble.ts";
import type { CipherName } from "../../src/crypto/cipher.ts";
import { deriveSessionKey } from "../../src/crypto/key_schedule.ts";
import type { SessionSecrets } from "../../src/session/model/session.ts";
import { randomBytes } from "../support/files/random_bytes.ts";

/** Bytes that a client sends in a handshake: the preamble and an empty frame. */
export const PROOF_BYTES = PREAMBLE_BYTES + frameBytes(0);

export const SESSION_ID = "00112233445566778899aabbccddeeff";

/** @param transcript Other texts give other keys. */
export async function fixedSecrets(
  options: { id?: string; cipher?: CipherName; transcript?: string } = {},
): Promise<SessionSecrets> {
  const { id = SESSION_ID, cipher = "aes-128-gcm", transcript = "hello" } = options;
  const transcriptBytes = new TextEncoder().encode(transcript);
  const key = await deriveSessionKey(randomBytes(32, "secret"), randomBytes(32, "random"), transcriptBytes);
  return { id, key, cipher };
}
