import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { DirectionKey, SyncCipher, SyncCipherEngine } from "../../src/crypto/cipher.ts";
import { loadCipherEngine, portableEngine } from "../../src/crypto/engines.ts";
import { testEngine } from "../../src/crypto/known_answer.ts";
import { loadOpensslEngine } from "../../src/crypto/openssl.ts";
import { UserError } from "../../src/errors.ts";
import { openLibcrypto } from "../../src/native/lib/libcrypto.ts";
import { CIPHER_ENGINES } from "./cipher_engines.ts";

const native = CIPHER_ENGINES.find((engine) => engine.name === "native");

/** The native engine, with one call of its ciphers changed. */
function spoilt(change: (cipher: SyncCipher) => Partial<SyncCipher>): SyncCipherEngine {
  const sound = loadOpensslEngine();
  return {
    ...sound,
    create(key: DirectionKey): SyncCipher {
      const cipher = sound.create(key);
      const as: SyncCipher = {
        seal: cipher.seal.bind(cipher),
        open: cipher.open.bind(cipher),
        close: cipher.close.bind(cipher),
      };
      return { ...as, ...change(as) };
    },
  };
}

describe("loadCipherEngine", () => {
  it("gives one of Deno's own when the portable engine is asked for", () => {
    assertEquals(loadCipherEngine("portable"), { engine: portableEngine() });
  });

  it("takes the native engine by itself where there is one, and otherwise says why not", () => {
    const { engine, note } = loadCipherEngine("auto");
    assertEquals(engine.name, native ? "native" : "portable");
    assertEquals(note === undefined, native !== undefined);
  });

  it("steps aside with a note when there is no library, or refuses with a hint when it was asked for", () => {
    const load = () => loadOpensslEngine(openLibcrypto(["libcrypto.so.none"]));
    const { engine, note } = loadCipherEngine("auto", load);
    assertEquals(engine.name, "portable");
    assert(note?.includes("libcrypto.so.none"), note);
    const error = assertThrows(() => loadCipherEngine("native", load), UserError, "Cannot use the native cipher: ");
    assert((error as UserError).hint?.includes("OpenSSL"));
  });

  it("names the library of the native engine", { ignore: !native }, () => {
    const { engine } = loadCipherEngine("native");
    assert(/^\w+ \d+\.\d+\.\d+/.test(engine.library), engine.library);
  });
});

describe("portableEngine", () => {
  it("is node:crypto where that uses the processor's AES, and otherwise WebCrypto", () => {
    for (
      const [version, library] of [
        ["2.5.0", "node:crypto"],
        ["2.6.8", "node:crypto"],
        ["2.7.0", "WebCrypto"],
        ["2.10.1", "WebCrypto"],
        ["3.0.0", "WebCrypto"],
      ]
    ) assertEquals([portableEngine(version).name, portableEngine(version).library], ["portable", library], version);
  });
});

describe("testEngine", { ignore: !native }, () => {
  it("accepts the native engine", () => testEngine(loadOpensslEngine()));

  it("finds an engine that seals wrongly", () => {
    const engine = spoilt((cipher) => ({
      seal(nonce, bytes, aadStart, start, end) {
        cipher.seal(nonce, bytes, aadStart, start, end);
        bytes[start] ^= 1;
      },
    }));
    assertThrows(() => testEngine(engine), Error, "seals wrongly with aes-128-gcm");
  });

  it("finds an engine that opens wrongly", () => {
    const engine = spoilt(() => ({ open() {} }));
    assertThrows(() => testEngine(engine), Error, "opens wrongly with aes-128-gcm");
  });

  it("finds an engine that does not check the tag", () => {
    let calls = 0;
    const engine = spoilt((cipher) => ({
      open: (...args) => void (calls++ % 2 === 0 && cipher.open(...args)),
    }));
    assertThrows(() => testEngine(engine), Error, "accepts a wrong tag");
  });
});
