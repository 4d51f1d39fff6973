import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatFingerprint, hashCertificate, parseFingerprint } from "../../src/serve/fingerprint.ts";

describe("the fingerprint of a certificate", () => {
  it("is that of its SHA-256 digest", async () => {
    const hash = await hashCertificate(new TextEncoder().encode("abc"));
    // NIST FIPS 180-4, example "abc".
    assertEquals(hash.toHex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertEquals(formatFingerprint(hash), "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
    assertEquals(parseFingerprint(formatFingerprint(hash)), hash);
  });

  it("in another form is refused", () => {
    const text = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0";
    const others = ["", "SHA256:", text.slice(0, -1), `${text}=`, `${text}\n`, ` ${text}`, text.toLowerCase()];
    for (const other of [...others, `${text.slice(0, -1)}1`, text.replace("+", "-"), text.replace("v", "\n")]) {
      assertEquals(parseFingerprint(other), undefined, other);
    }
  });
});
