/** Which cipher engine this process uses. */

import { UserError } from "../errors.ts";
import type { CipherEngine } from "./cipher.ts";
import { isNodeCryptoQuick, nodeCryptoEngine } from "./node_crypto.ts";
import { loadOpensslEngine } from "./openssl.ts";
import { webcryptoEngine } from "./webcrypto.ts";

/** What the user asked for: "auto" takes the native engine where it works. */
export type EngineChoice = "auto" | "portable" | "native";

/**
 * Loads the engine of a choice.
 *
 * @param loadNative throws when the native engine cannot be used.
 * @returns the engine; with "auto", `note` says why the native one stepped aside.
 * @throws {UserError} when "native" was asked for and does not work here.
 */
export function loadCipherEngine(
  choice: EngineChoice,
  loadNative: () => CipherEngine = loadOnce,
): { engine: CipherEngine; note?: string } {
  if (choice === "portable") return { engine: portableEngine() };
  try {
    return { engine: loadNative() };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (choice === "auto") return { engine: portableEngine(), note: `The native cipher is not used: ${reason}` };
    throw new UserError(`Cannot use the native cipher: ${reason}`, {
      cause,
      hint: "Install OpenSSL (libcrypto) 1.1 or later, or leave out --engine native",
    });
  }
}

/** Of what Deno has, the quicker. @param version of Deno. */
export function portableEngine(version = Deno.version.deno): CipherEngine {
  return isNodeCryptoQuick(version) ? nodeCryptoEngine : webcryptoEngine;
}

/** Of this thread: it has proven itself, and every stream of the thread uses it. */
let loaded: CipherEngine | undefined;

function loadOnce(): CipherEngine {
  return loaded ??= loadOpensslEngine();
}
