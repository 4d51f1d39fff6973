import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { keyedDigest } from "../../../src/resume/run/keyed_digest.ts";

/**
 * `vectors_hsip64` of the reference implementation (github.com/veorq/SipHash, vectors.h), only those of whole words. The key
 * is 00 01 ... 07, the messages are 00 01 02 ... of 0, 4, 8 ... 60 bytes.
 */
const VECTORS = `
  218d1f59b9b83cc8 d5e78a175be52ea1 edfee820bce4858c 7bc71f9faef5c799
  7336aad25f7bf3b5 1bf52b0a6feea7db 70741045ae3fa6f1 2d925ffb1e0016b5
  28709d46d811626c 86d67a40ec4276dc 5b38c81c67c8ae4c 1e30f3ad27dcb15a
  a9eaa8c04ba93e3e 02445a7998f550e1 a1a492f942f15f1d d6762890bf26e460
`.trim().split(/\s+/);

describe("keyedDigest", () => {
  it("matches the vectors of HalfSipHash-2-4 with 64 bits", () => {
    const words = new Uint32Array(Uint8Array.from({ length: 60 }, (_, at) => at).buffer);
    const digests = VECTORS.map((_, count) => {
      const out = new Uint32Array(2);
      keyedDigest([0x03020100, 0x07060504], words, count, out);
      return new Uint8Array(out.buffer).toHex();
    });
    assertEquals(digests, VECTORS);
  });
});
