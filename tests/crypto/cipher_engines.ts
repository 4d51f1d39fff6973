/** Cipher engines of this machine, for tests that run with each of them. */

import type { CipherEngine } from "../../src/crypto/cipher.ts";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import { nodeCryptoEngine } from "../../src/crypto/node_crypto.ts";
import { loadOpensslEngine } from "../../src/crypto/openssl.ts";
import { webcryptoEngine } from "../../src/crypto/webcrypto.ts";

// Loaded at import, because libcrypto stays open until the process exits, which a test would report as a leak.
const native = loadCipherEngine("auto").engine.name === "native" ? loadOpensslEngine() : undefined;

/** The portable engines, and the native one if libcrypto is available. */
export const CIPHER_ENGINES: readonly CipherEngine[] = [webcryptoEngine, nodeCryptoEngine, ...(native ? [native] : [])];
