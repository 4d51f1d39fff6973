import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { DirectionKey, SyncCipher, SyncCipherEngine } from "../../src/crypto/cipher.ts";
import { loadCipherEngine, portableEngine } from "../../src/crypto/engines.ts";
import { testEngine } from "../../src/crypto/known_answer.ts";
import { loadOpensslEngine } from "../../src/crypto/openssl.ts";
import { UserError } from "../../src/errors.ts";
import { openLibcrypto, openRequestedLibcrypto } from "../../src/native/lib/libcrypto.ts";
import { CIPHER_ENGINES } from "./cipher_engines.ts";

const native = CIPHER_ENGINES.find((engine) => engine.name === "native");

/** Returns the native engine with one changed call. */
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
  it("returns an engine of Deno for the choice portable", () => {
    assertEquals(loadCipherEngine("portable"), { engine: portableEngine() });
  });

  it("returns the native engine for the choice auto, or a note", () => {
    const { engine, note } = loadCipherEngine("auto");
    assertEquals(engine.name, native ? "native" : "portable");
    assertEquals(note === undefined, native !== undefined);
  });

  it("without a library, returns a note for auto, and throws with a hint for native", () => {
    const load = () => loadOpensslEngine(openLibcrypto(["libcrypto.so.none"]));
    const { engine, note } = loadCipherEngine("auto", load);
    assertEquals(engine.name, "portable");
    assert(note?.includes("libcrypto.so.none"), note);
    const error = assertThrows(() => loadCipherEngine("native", load), UserError, "Cannot use the native cipher: ");
    assert((error as UserError).hint?.includes("OpenSSL"));
  });

  it("throws for auto if the library of ESCP_LIBCRYPTO does not work, and ignores it for portable", () => {
    const path = "/nowhere/libcrypto.so.3";
    const load = () => loadOpensslEngine(openRequestedLibcrypto(path));
    for (const choice of ["auto", "native"] as const) {
      const error = assertThrows(
        () => loadCipherEngine(choice, load, path),
        UserError,
        "Cannot use the native cipher: Cannot open the library of ESCP_LIBCRYPTO: /nowhere/libcrypto.so.3: ",
      );
      assert((error as UserError).hint?.includes("unset it"));
    }
    assertEquals(loadCipherEngine("portable", load, path), { engine: portableEngine() });
  });

  it("names the library of the native engine", { ignore: !native }, () => {
    const { engine } = loadCipherEngine("native");
    assert(/^\w+ \d+\.\d+\.\d+/.test(engine.library), engine.library);
  });
});

describe("portableEngine", () => {
  it("returns node:crypto for versions of Deno where it is fast, otherwise WebCrypto", () => {
    for (
      const [version, library] of [
        ["2.6.0", "node:crypto"],
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

  it("rejects an engine that encrypts incorrectly", () => {
    const engine = spoilt((cipher) => ({
      seal(nonce, bytes, aadStart, start, end) {
        cipher.seal(nonce, bytes, aadStart, start, end);
        bytes[start] ^= 1;
      },
    }));
    assertThrows(() => testEngine(engine), Error, "encrypts aes-128-gcm incorrectly");
  });

  it("rejects an engine that decrypts incorrectly", () => {
    const engine = spoilt(() => ({ open() {} }));
    assertThrows(() => testEngine(engine), Error, "decrypts aes-128-gcm incorrectly");
  });

  it("rejects an engine that does not check the tag", () => {
    let calls = 0;
    const engine = spoilt((cipher) => ({
      open: (...args) => void (calls++ % 2 === 0 && cipher.open(...args)),
    }));
    assertThrows(() => testEngine(engine), Error, "accepts a wrong tag");
  });
});
