import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createBlockDigester } from "../../src/crypto/block_digest.ts";
import { randomBytes } from "../support/files/random_bytes.ts";

/** Test case 1 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B: no data, a key of zeros. */
const EMPTY = "58e2fccefa7e3061367f1d57a4e7455a";

function digestOf(engine: "native" | "portable", key: Uint8Array, bytes: Uint8Array<ArrayBuffer>): string {
  const digester = createBlockDigester(engine, key);
  const into = new Uint8Array(20);
  digester.digest(bytes, 0, 0, into, 2);
  digester.digest(bytes, 0, bytes.length, into, 2);
  digester.close();
  digester.close();
  return into.subarray(2, 18).toHex();
}

describe("the digest of a block", () => {
  it("is the tag of AES-128-GCM without a payload", () => {
    for (const engine of ["native", "portable"] as const) {
      assertEquals(digestOf(engine, new Uint8Array(16), new Uint8Array()), EMPTY);
    }
  });

  it("is the same with each engine and with Web Cryptography", async () => {
    for (const size of [1, 15, 16, 17, 4096, 131_072]) {
      const key = randomBytes(16, size);
      const bytes = randomBytes(size, size + 1);
      const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
      const parameters = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: bytes };
      const expected = new Uint8Array(await crypto.subtle.encrypt(parameters, imported, new Uint8Array())).toHex();
      assertEquals(digestOf("native", key, bytes), expected);
      assertEquals(digestOf("portable", key, bytes), expected);
    }
  });
});
