import { assert, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadOpensslEngine } from "../../../src/crypto/openssl.ts";
import { type Libcrypto, openLibcrypto } from "../../../src/native/lib/libcrypto.ts";

// Open the library here, because it stays open and would count as a leak of the first test.
let libcrypto: Libcrypto | undefined;
try {
  libcrypto = openLibcrypto();
} catch {
  // This machine has no libcrypto.
}

describe("openLibcrypto", () => {
  it("opens the library once and returns its version", { ignore: !libcrypto }, () => {
    assertStrictEquals(openLibcrypto(), openLibcrypto());
    assert(/^\S+ \d+\.\d+/.test(openLibcrypto().version), openLibcrypto().version);
  });

  it("lists the names that it tried if none can be opened", () => {
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
