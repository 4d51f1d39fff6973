import { assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { describe, it } from "@std/testing/bdd";
import { LAST_COUNTER, NonceSequence } from "../../src/crypto/nonce.ts";

const SALT = new Uint8Array([0xa0, 0xa1, 0xa2, 0xa3]);

describe("NonceSequence", () => {
  it("starts at counter 0 and writes salt, kind and counter", () => {
    const nonces = new NonceSequence(SALT);
    assertEquals(nonces.count, 0);
    nonces.advance(7);
    assertEquals(encodeHex(nonces.nonce), "a0a1a2a3" + "07" + "00000000000000");
    nonces.advance(0xff);
    assertEquals(encodeHex(nonces.nonce), "a0a1a2a3" + "ff" + "00000000000001");
    assertEquals(nonces.count, 2);
  });

  it("carries into every byte of the counter", () => {
    for (let power = 8; power < 48; power += 8) {
      const nonces = new NonceSequence(SALT, 2 ** power - 1);
      const before = "00".repeat(7 - power / 8) + "ff".repeat(power / 8);
      const after = "00".repeat(6 - power / 8) + "01" + "00".repeat(power / 8);
      nonces.advance(1);
      assertEquals(encodeHex(nonces.nonce), `a0a1a2a301${before}`);
      nonces.advance(1);
      assertEquals(encodeHex(nonces.nonce), `a0a1a2a301${after}`);
    }
  });

  it("never repeats a nonce, with any sequence of kinds", () => {
    const seen = new Set<string>();
    for (const start of [0, 2 ** 32 - 500]) {
      const nonces = new NonceSequence(SALT, start);
      seen.add(encodeHex(nonces.nonce));
      for (let i = 0; i < 1000; i++) {
        nonces.advance(i % 3);
        seen.add(encodeHex(nonces.nonce.subarray(5)));
      }
    }
    assertEquals(seen.size, 2001);
  });

  it("stops at the last counter instead of wrapping, and does not change the nonce", () => {
    const nonces = new NonceSequence(SALT, LAST_COUNTER);
    nonces.advance(1);
    assertEquals(encodeHex(nonces.nonce), "a0a1a2a301" + "00ffffffffffff");
    for (let attempt = 0; attempt < 2; attempt++) {
      assertThrows(() => nonces.advance(2), Error, "Cannot make a nonce: the counter is used up");
      assertEquals(encodeHex(nonces.nonce), "a0a1a2a301" + "00ffffffffffff");
    }
    assertEquals(LAST_COUNTER, 2 ** 48 - 1);
  });

  it("rejects a kind that is not a byte, without using up a counter", () => {
    const nonces = new NonceSequence(SALT);
    for (const kind of [-1, 256, 0.5, NaN]) assertThrows(() => nonces.advance(kind), RangeError);
    assertEquals(nonces.count, 0);
  });

  it("rejects a salt of a wrong length, and a start out of range", () => {
    for (const length of [0, 3, 5, 12]) assertThrows(() => new NonceSequence(new Uint8Array(length)), RangeError);
    for (const start of [-1, 0.5, NaN, LAST_COUNTER + 2]) {
      assertThrows(() => new NonceSequence(SALT, start), RangeError);
    }
  });

  it("copies the salt", () => {
    const salt = SALT.slice();
    const nonces = new NonceSequence(salt);
    salt.fill(0);
    nonces.advance(0);
    assertEquals(encodeHex(nonces.nonce.subarray(0, 4)), "a0a1a2a3");
  });
});
