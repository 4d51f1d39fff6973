import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { equals } from "../../src/bytes.ts";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { type Cipher, CIPHER_NAMES, type CipherName, KEY_BYTES, TAG_BYTES } from "../../src/crypto/cipher.ts";
import { webcryptoEngine } from "../../src/crypto/webcrypto.ts";
import { ProtocolError } from "../../src/errors.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import { CIPHER_ENGINES } from "./cipher_engines.ts";
import { GCM_VECTORS } from "./gcm_vectors.ts";

const SALT = new Uint8Array(4);
const NONCE = randomBytes(12, "nonce");

function keyOf(cipher: CipherName, seed: string = cipher) {
  return { cipher, key: randomBytes(KEY_BYTES[cipher], seed), salt: SALT };
}

/** Authenticated data || payload || space for the tag, with a guard byte on each side. */
function message(aad: Uint8Array, payload: Uint8Array) {
  const start = 1 + aad.length;
  const end = start + payload.length;
  const bytes = new Uint8Array(end + TAG_BYTES + 1).fill(0xee);
  bytes.set(aad, 1);
  bytes.set(payload, start);
  return { bytes, aadStart: 1, start, end };
}

/** Calls open(), and returns its result as a promise. */
async function opens(
  cipher: Cipher,
  nonce: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>,
  at: number[],
): Promise<void> {
  await cipher.open(nonce, bytes, at[0], at[1], at[2]);
}

for (const engine of CIPHER_ENGINES) {
  describe(`AES-GCM by the ${engine.name} engine (${engine.library})`, () => {
    for (const vector of GCM_VECTORS) {
      it(`returns the known answer of ${vector.name}`, async () => {
        const key = decodeHex(vector.key);
        const cipher = await engine.create({
          cipher: key.length === 16 ? "aes-128-gcm" : "aes-256-gcm",
          key,
          salt: SALT,
        });
        const nonce = decodeHex(vector.nonce);
        const { bytes, aadStart, start, end } = message(decodeHex(vector.aad), decodeHex(vector.payload));
        await cipher.seal(nonce, bytes, aadStart, start, end);
        assertEquals(encodeHex(bytes), `ee${vector.aad}${vector.sealed}ee`);
        await cipher.open(nonce, bytes, aadStart, start, end);
        assertEquals(encodeHex(bytes.subarray(aadStart, end)), vector.aad + vector.payload);
        cipher.close();
      });
    }

    for (const name of CIPHER_NAMES) {
      it(`rejects a change of any byte with ${name}, and wipes the payload`, async () => {
        const cipher = await engine.create(keyOf(name));
        const { bytes, aadStart, start, end } = message(randomBytes(9, "aad"), randomBytes(21, "payload"));
        await cipher.seal(NONCE, bytes, aadStart, start, end);
        for (let at = aadStart; at < end + TAG_BYTES; at++) {
          const changed = bytes.slice();
          changed[at] ^= 1 << at % 8;
          const expected = changed.slice().fill(0, start, end);
          const error = await assertRejects(
            () => opens(cipher, NONCE, changed, [aadStart, start, end]),
            ProtocolError,
            undefined,
            `byte ${at}`,
          ) as ProtocolError;
          assertEquals(error.code, "bad-tag");
          assertEquals(changed, expected, `byte ${at}`);
        }
        for (let at = 0; at < NONCE.length; at++) {
          const changed = bytes.slice();
          const nonce = NONCE.slice();
          nonce[at] ^= 0x80 >> at % 8;
          await assertRejects(() => opens(cipher, nonce, changed, [aadStart, start, end]), ProtocolError);
          assertEquals(changed, bytes.slice().fill(0, start, end), `nonce byte ${at}`);
        }
        // The cipher still works after the failures.
        await opens(cipher, NONCE, bytes, [aadStart, start, end]);
        assertEquals(bytes.subarray(start, end), randomBytes(21, "payload"));
        cipher.close();
      });
    }

    it("rejects a byte that moved between authenticated data and payload", async () => {
      const cipher = await engine.create(keyOf("aes-128-gcm"));
      const { bytes, aadStart, start, end } = message(randomBytes(8, 1), randomBytes(8, 2));
      await cipher.seal(NONCE, bytes, aadStart, start, end);
      for (const moved of [[aadStart, start - 1, end], [aadStart, start + 1, end], [aadStart + 1, start, end]]) {
        await assertRejects(() => opens(cipher, NONCE, bytes.slice(), moved), ProtocolError);
      }
      cipher.close();
    });

    it("rejects a message of another key", async () => {
      const one = await engine.create(keyOf("aes-128-gcm", "one"));
      const two = await engine.create(keyOf("aes-128-gcm", "two"));
      const { bytes, aadStart, start, end } = message(new Uint8Array(0), new Uint8Array(0));
      await one.seal(NONCE, bytes, aadStart, start, end);
      await assertRejects(() => opens(two, NONCE, bytes, [aadStart, start, end]), ProtocolError);
      one.close();
      two.close();
    });

    it("works at an offset in a larger buffer", async () => {
      const cipher = await engine.create(keyOf("aes-256-gcm"));
      const buffer = new ArrayBuffer(4096);
      const bytes = new Uint8Array(buffer, 1001, 100);
      bytes.fill(5);
      await cipher.seal(NONCE, bytes, 3, 10, 80);
      const outside = new Uint8Array(buffer);
      assertEquals(outside.subarray(0, 1001), new Uint8Array(1001));
      assertEquals(outside.subarray(1101), new Uint8Array(4096 - 1101));
      await cipher.open(NONCE, bytes, 3, 10, 80);
      assertEquals(bytes.subarray(0, 80), new Uint8Array(80).fill(5));
      cipher.close();
    });

    it("rejects ranges outside the bytes, and nonces and keys of a wrong length", async () => {
      const cipher = await engine.create(keyOf("aes-128-gcm"));
      const bytes = new Uint8Array(64);
      const wrong = [[0, 0, 49], [0, 5, 4], [6, 5, 40], [-1, 0, 4], [0, 0.5, 4], [0, 0, NaN], [0, 0, 2 ** 31]];
      for (const [aadStart, start, end] of wrong) {
        await assertRejects(async () => await cipher.seal(NONCE, bytes, aadStart, start, end), RangeError);
        await assertRejects(() => opens(cipher, NONCE, bytes, [aadStart, start, end]), RangeError);
      }
      for (const length of [0, 8, 11, 13, 16]) {
        const nonce = new Uint8Array(length);
        await assertRejects(async () => await cipher.seal(nonce, bytes, 0, 0, 48), RangeError);
      }
      structuredClone(bytes, { transfer: [bytes.buffer] });
      await assertRejects(async () => await cipher.seal(NONCE, bytes, 0, 0, 0), RangeError);
      cipher.close();
      for (const key of [new Uint8Array(15), new Uint8Array(24), new Uint8Array(32)]) {
        await assertRejects(async () => await engine.create({ cipher: "aes-128-gcm", key, salt: SALT }), RangeError);
      }
      const key = new Uint8Array(16);
      const salt = new Uint8Array(3);
      await assertRejects(async () => await engine.create({ cipher: "aes-128-gcm", key, salt }), RangeError);
    });

    it("throws after close(), which may be repeated", async () => {
      const cipher = await engine.create(keyOf("aes-128-gcm"));
      const bytes = new Uint8Array(64);
      await cipher.seal(NONCE, bytes, 0, 8, 40);
      await cipher.open(NONCE, bytes, 0, 8, 40);
      cipher.close();
      cipher.close();
      await assertRejects(async () => await cipher.seal(NONCE, bytes, 0, 8, 40), Error, "closed");
      await assertRejects(() => opens(cipher, NONCE, bytes, [0, 8, 40]), Error, "closed");
    });

    it("copies the key", async () => {
      const key = keyOf("aes-128-gcm");
      const cipher = await engine.create(key);
      key.key.fill(0);
      const other = await engine.create(keyOf("aes-128-gcm"));
      const bytes = new Uint8Array(64);
      await cipher.seal(NONCE, bytes, 0, 8, 40);
      await other.open(NONCE, bytes, 0, 8, 40);
      cipher.close();
      other.close();
    });
  });
}

describe("cipher engines", () => {
  for (const name of CIPHER_NAMES) {
    it(`open messages of each other with ${name}`, async () => {
      for (const sealer of CIPHER_ENGINES) {
        for (const opener of CIPHER_ENGINES) {
          const seals = await sealer.create(keyOf(name));
          const opened = await opener.create(keyOf(name));
          for (const length of [0, 1, 15, 16, 17, 4095, 4096, 1 << 20, (16 << 20) + (64 << 10)]) {
            if (length > 1 << 20 && name !== CIPHER_NAMES[0]) continue;
            const payload = randomBytes(length, length);
            const { bytes, aadStart, start, end } = message(randomBytes(12, "aad"), payload);
            await seals.seal(NONCE, bytes, aadStart, start, end);
            await opened.open(NONCE, bytes, aadStart, start, end);
            // assertEquals would format megabytes if they differ.
            assert(equals(bytes.subarray(start, end), payload), `${length} bytes`);
            assertEquals([bytes[0], bytes[bytes.length - 1]], [0xee, 0xee]);
          }
          seals.close();
          opened.close();
        }
      }
    });
  }
});

describe("WebCrypto engine", () => {
  it("frees the memory of results", async () => {
    const answers: ArrayBuffer[] = [];
    using _encrypt = keepAnswers("encrypt", answers);
    using _decrypt = keepAnswers("decrypt", answers);
    const cipher = await webcryptoEngine.create(keyOf("aes-128-gcm"));
    const bytes = new Uint8Array(64);
    await cipher.seal(NONCE, bytes, 0, 8, 40);
    await cipher.open(NONCE, bytes, 0, 8, 40);
    assertEquals(answers.map((answer) => answer.detached), [true, true]);
    cipher.close();
  });
});

/** Records the results of WebCrypto until it is disposed. */
function keepAnswers(call: "encrypt" | "decrypt", answers: ArrayBuffer[]): Disposable {
  const { subtle } = crypto;
  const original = subtle[call];
  subtle[call] = async (...asked) => {
    const answer = await original.apply(subtle, asked);
    answers.push(answer);
    return answer;
  };
  return { [Symbol.dispose]: () => void (subtle[call] = original) };
}
