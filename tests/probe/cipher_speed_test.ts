import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CIPHER_NAMES } from "../../src/crypto/cipher.ts";
import { measureCipher } from "../../src/probe/cipher_speed.ts";
import { CIPHER_ENGINES } from "../crypto/cipher_engines.ts";

describe("measureCipher", () => {
  for (const engine of CIPHER_ENGINES) {
    for (const cipher of CIPHER_NAMES) {
      it(`measures ${cipher} of the ${engine.name} engine (${engine.library})`, async () => {
        const found = await measureCipher(engine, cipher, 1);
        // At least one chunk was encrypted.
        assert(Number.isSafeInteger(found) && found > 0, `${found}`);
      });
    }
  }
});
