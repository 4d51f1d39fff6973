/** Selects the cipher engine of this process. */

import { messageOf, UserError } from "../errors.ts";
import type { CipherEngine } from "./cipher.ts";
import { requestedLibcrypto } from "../native/lib/libcrypto.ts";
import { isNodeCryptoFast, nodeCryptoEngine } from "./node_crypto.ts";
import { loadOpensslEngine } from "./openssl.ts";
import { webcryptoEngine } from "./webcrypto.ts";

/** Choice of the user. "auto" means the native engine if it works. */
export type EngineChoice = "auto" | "portable" | "native";

/**
 * Loads the engine of a choice.
 *
 * @param loadNative throws if the native engine cannot be used.
 * @param requested path of the library that the user requests for the native engine.
 * @returns the engine. With "auto", `note` is the reason why the native engine is not used.
 * @throws {UserError} if the native engine or its library was requested and does not work on this machine.
 */
export function loadCipherEngine(
  choice: EngineChoice,
  loadNative: () => CipherEngine = loadOnce,
  requested: string | undefined = requestedLibcrypto(),
): { engine: CipherEngine; note?: string } {
  if (choice === "portable") return { engine: portableEngine() };
  try {
    return { engine: loadNative() };
  } catch (cause) {
    const reason = messageOf(cause);
    // Without the requested library a copy would be slower than the user expects.
    if (choice === "auto" && requested === undefined) {
      return { engine: portableEngine(), note: `The native cipher is not used: ${reason}` };
    }
    throw new UserError(`Cannot use the native cipher: ${reason}`, {
      cause,
      hint: requested === undefined
        ? "Install OpenSSL (libcrypto) 1.1 or later, or leave out --engine native"
        : "Set ESCP_LIBCRYPTO to the path of a libcrypto of OpenSSL 1.1 or later, or unset it to use the system's",
    });
  }
}

/** Returns the faster portable engine. @param version version of Deno. */
export function portableEngine(version = Deno.version.deno): CipherEngine {
  return isNodeCryptoFast(version) ? nodeCryptoEngine : webcryptoEngine;
}

/** The native engine of this thread, after its self-test. All streams of the thread share it. */
let loaded: CipherEngine | undefined;

function loadOnce(): CipherEngine {
  return loaded ??= loadOpensslEngine();
}
