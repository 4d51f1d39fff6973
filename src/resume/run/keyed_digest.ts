/** Keyed digests of 64 bits for finding equal inputs. They do not protect secrets. */

/** 64 bits, the lower half first. */
export type DigestKey = readonly [number, number];

/**
 * Computes the digest of words[0, count), as bytes in little-endian order, and writes its two halves to `out`. The function
 * is HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein, the 32-bit variant of SipHash). It takes a few tenths
 * of a microsecond.
 */
export function keyedDigest(key: DigestKey, words: Uint32Array, count: number, out: Uint32Array): void {
  let v0 = key[0];
  let v1 = key[1] ^ 0xee;
  let v2 = key[0] ^ 0x6c796765;
  let v3 = key[1] ^ 0x74656462;
  // Two rounds for every word, two for the length, and four for each half of the result.
  for (let step = 0; step < count + 5; step++) {
    const word = step < count ? words[step] : step === count ? count << 26 : 0;
    v3 ^= word;
    for (let round = 0; round < 2; round++) {
      v0 = v0 + v1 | 0;
      v1 = (v1 << 5 | v1 >>> 27) ^ v0;
      v0 = v0 << 16 | v0 >>> 16;
      v2 = v2 + v3 | 0;
      v3 = (v3 << 8 | v3 >>> 24) ^ v2;
      v0 = v0 + v3 | 0;
      v3 = (v3 << 7 | v3 >>> 25) ^ v0;
      v2 = v2 + v1 | 0;
      v1 = (v1 << 13 | v1 >>> 19) ^ v2;
      v2 = v2 << 16 | v2 >>> 16;
    }
    v0 ^= word;
    if (step === count) v2 ^= 0xee;
    else if (step === count + 2) {
      out[0] = v1 ^ v3;
      v1 ^= 0xdd;
    }
  }
  out[1] = v1 ^ v3;
}
