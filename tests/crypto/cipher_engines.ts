/** The cipher engines that work on this machine, for tests that hold for each of them. */

import type { CipherEngine } from "../../src/crypto/cipher.ts";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import { nodeCryptoEngine } from "../../src/crypto/node_crypto.ts";
import { loadOpensslEngine } from "../../src/crypto/openssl.ts";
import { webcryptoEngine } from "../../src/crypto/webcrypto.ts";

// At import, not in a test: libcrypto stays open for as long as the process lives, which would look like a leak.
const native = loadCipherEngine("auto").engine.name === "native" ? loadOpensslEngine() : undefined;

/** The portable ones, and the native one where there is a libcrypto. */
export const CIPHER_ENGINES: readonly CipherEngine[] = [webcryptoEngine, nodeCryptoEngine, ...(native ? [native] : [])];
