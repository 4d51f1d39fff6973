import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { describe, it } from "@std/testing/bdd";
import { CIPHER_NAMES, type DirectionKey, KEY_BYTES } from "../../src/crypto/cipher.ts";
import { deriveSessionKey, deriveStreamKeys, hkdfSha256 } from "../../src/crypto/key_schedule.ts";
import { randomBytes } from "../support/files/random_bytes.ts";

const SECRET = randomBytes(32, "secret");
const RANDOM = randomBytes(32, "random");
const TRANSCRIPT = new TextEncoder().encode('{"hello":1}\n{"reply":1}\n');

async function hmac(key: Uint8Array<ArrayBuffer>, ...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const data = new Uint8Array(parts.flatMap((part) => [...part]));
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

const textOf = ({ cipher, key, salt }: DirectionKey) => `${cipher} ${encodeHex(key)} ${encodeHex(salt)}`;

describe("hkdfSha256", () => {
  // RFC 5869, appendix A.1 to A.3.
  const sequence = (first: number, last: number) => Uint8Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const cases = [
    {
      name: "A.1",
      material: new Uint8Array(22).fill(0x0b),
      salt: sequence(0x00, 0x0c),
      info: sequence(0xf0, 0xf9),
      output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    },
    {
      name: "A.2",
      material: sequence(0x00, 0x4f),
      salt: sequence(0x60, 0xaf),
      info: sequence(0xb0, 0xff),
      output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    },
    {
      name: "A.3",
      material: new Uint8Array(22).fill(0x0b),
      salt: new Uint8Array(0),
      info: new Uint8Array(0),
      output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    },
  ];
  for (const { name, material, salt, info, output } of cases) {
    it(`returns the output of test case ${name} of RFC 5869`, async () => {
      assertEquals(encodeHex(await hkdfSha256(material, salt, info, output.length / 2)), output);
    });
  }
});

describe("deriveStreamKeys", () => {
  it("uses HKDF with secret, random bytes and transcript as documented", async () => {
    const session = await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT);
    const { toRemote, toClient } = await deriveStreamKeys(session, "aes-256-gcm", 0x01020304);
    const salt = new Uint8Array(await crypto.subtle.digest("SHA-256", TRANSCRIPT));
    const pseudorandom = await hmac(salt, SECRET, RANDOM);
    for (const [direction, key] of [["to remote", toRemote], ["to client", toClient]] as const) {
      const info = new TextEncoder().encode(`escp 1 streamaes-256-gcm${direction}\x01\x02\x03\x04`);
      const first = await hmac(pseudorandom, info, new Uint8Array([1]));
      const second = await hmac(pseudorandom, first, info, new Uint8Array([2]));
      assertEquals(encodeHex(key.key), encodeHex(first));
      assertEquals(encodeHex(key.salt), encodeHex(second.subarray(0, 4)));
    }
  });

  it("returns keys of the cipher's length", async () => {
    const session = await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT);
    for (const cipher of CIPHER_NAMES) {
      const { toRemote, toClient } = await deriveStreamKeys(session, cipher, 0);
      for (const direction of [toRemote, toClient]) {
        assertEquals(direction.cipher, cipher);
        assertEquals([direction.key.length, direction.salt.length], [KEY_BYTES[cipher], 4]);
      }
    }
  });

  it("returns a different key and salt for each direction, stream and cipher", async () => {
    const session = await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT);
    const starts = new Set<string>();
    const salts = new Set<string>();
    const streams = [0, 1, 2, 255, 256, 65536, 2 ** 24, 2 ** 31, 2 ** 32 - 1];
    for (const cipher of CIPHER_NAMES) {
      for (const stream of streams) {
        const { toRemote, toClient } = await deriveStreamKeys(session, cipher, stream);
        for (const { key, salt } of [toRemote, toClient]) {
          starts.add(encodeHex(key.subarray(0, 16)));
          salts.add(encodeHex(salt));
        }
      }
    }
    assertEquals(starts.size, 4 * streams.length);
    assertEquals(salts.size, 4 * streams.length);
  });

  it("returns the same keys on both ends", async () => {
    const one = await deriveStreamKeys(await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT), "aes-128-gcm", 3);
    const other = await deriveStreamKeys(await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT), "aes-128-gcm", 3);
    assertEquals(one, other);
  });

  it("returns other keys if any bit of the input differs", async () => {
    const keyAfter = async (change: (secret: Uint8Array, random: Uint8Array, transcript: Uint8Array) => void) => {
      const [secret, random, transcript] = [SECRET.slice(), RANDOM.slice(), TRANSCRIPT.slice()];
      change(secret, random, transcript);
      const session = await deriveSessionKey(secret, random, transcript);
      return textOf((await deriveStreamKeys(session, "aes-128-gcm", 0)).toRemote);
    };
    const unchanged = await keyAfter(() => {});
    for (const at of [0, 31]) assertNotEquals(await keyAfter((secret) => secret[at] ^= 1), unchanged);
    for (const at of [0, 31]) assertNotEquals(await keyAfter((_, random) => random[at] ^= 128), unchanged);
    for (const at of [0, TRANSCRIPT.length - 1]) {
      assertNotEquals(await keyAfter((_, __, transcript) => transcript[at] ^= 1), unchanged);
    }
  });

  it("returns keys that can be posted to a Worker", async () => {
    const session = await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT);
    const copy = structuredClone(session);
    const keys = await deriveStreamKeys(session, "aes-128-gcm", 0);
    assertEquals(structuredClone(keys), await deriveStreamKeys(copy, "aes-128-gcm", 0));
  });

  it("rejects stream numbers above 32 bits, and secrets of a wrong length", async () => {
    const session = await deriveSessionKey(SECRET, RANDOM, TRANSCRIPT);
    for (const stream of [-1, 2 ** 32, 0.5, NaN]) {
      await assertRejects(() => deriveStreamKeys(session, "aes-128-gcm", stream), RangeError);
    }
    for (const wrong of [decodeHex(""), SECRET.subarray(1), randomBytes(33)]) {
      await assertRejects(() => deriveSessionKey(wrong, RANDOM, TRANSCRIPT), RangeError);
      await assertRejects(() => deriveSessionKey(SECRET, wrong, TRANSCRIPT), RangeError);
    }
  });
});
