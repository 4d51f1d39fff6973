/** Worker of exit_test.ts: seals forever, with one cipher after the other. */

import { loadOpensslEngine } from "../../src/crypto/openssl.ts";

const engine = loadOpensslEngine();
const bytes = new Uint8Array(1 << 16);
const nonce = new Uint8Array(12);
(self as unknown as { postMessage(message: string): void }).postMessage("sealing");
for (;;) {
  const key = {
    cipher: "aes-128-gcm" as const,
    key: crypto.getRandomValues(new Uint8Array(16)),
    salt: new Uint8Array(4),
  };
  const cipher = engine.create(key);
  for (nonce[0] = 0; nonce[0] < 20; nonce[0]++) cipher.seal(nonce, bytes, 0, 16, 60_000);
  cipher.close();
}
