import { assert, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadOpensslEngine } from "../../../src/crypto/openssl.ts";
import { type Libcrypto, openLibcrypto } from "../../../src/native/lib/libcrypto.ts";

// At import, not in a test: libcrypto stays open for as long as the process lives, which would look like a leak.
let libcrypto: Libcrypto | undefined;
try {
  libcrypto = openLibcrypto();
} catch {
  // None on this machine.
}

describe("openLibcrypto", () => {
  it("opens the library once and tells its version", { ignore: !libcrypto }, () => {
    assertStrictEquals(openLibcrypto(), openLibcrypto());
    assert(/^\S+ \d+\.\d+/.test(openLibcrypto().version), openLibcrypto().version);
  });

  it("says what it tried when there is none", () => {
    assertThrows(
      () => openLibcrypto(["libcrypto.so.none", "/nowhere/libcrypto.so"]),
      Error,
      "Cannot open libcrypto: libcrypto.so.none: ",
    );
  });

  it("refuses a library that lacks a function", { ignore: Deno.build.os !== "linux" }, () => {
    assertThrows(() => openLibcrypto(["libc.so.6"]), Error, "libc.so.6: ");
  });

  it("frees the contexts of closed ciphers", { ignore: !libcrypto }, () => {
    const made: unknown[] = [];
    const freed: unknown[] = [];
    const calls = {
      ...libcrypto!.calls,
      EVP_CIPHER_CTX_new: () => made[made.push(libcrypto!.calls.EVP_CIPHER_CTX_new()) - 1],
      EVP_CIPHER_CTX_free: (context: Deno.PointerValue) => {
        freed.push(context);
        libcrypto!.calls.EVP_CIPHER_CTX_free(context);
      },
    } as Libcrypto["calls"];
    loadOpensslEngine({ calls, version: "a libcrypto that counts" });
    assert(made.length > 0 && made.every((context) => freed.includes(context)));
  });
});
