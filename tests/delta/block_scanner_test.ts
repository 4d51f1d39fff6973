import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { concat } from "@std/bytes/concat";
import type { BlockDigester } from "../../src/crypto/block_digest.ts";
import { BLOCK_DIGEST_BYTES, COARSE_ENTRY_BYTES } from "../../src/protocol/data/signature.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import {
  type Bytes,
  literalBytes,
  rebuild,
  refineBuffer,
  scanBuffer,
  signatureOf,
  testDigester,
} from "./delta_buffer.ts";

const BLOCK = 8 << 10;
const PIECES = [undefined, 64 << 10, (100 << 10) + 13];

/** A generator of numbers below a limit, the same in each run. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

/** Counts the bytes that are digested. */
function countingDigester(digester: BlockDigester): BlockDigester & { digested: number } {
  const counting = {
    digested: 0,
    digest(...block: Parameters<BlockDigester["digest"]>) {
      counting.digested += block[2] - block[1];
      digester.digest(...block);
    },
    close: () => digester.close(),
  };
  return counting;
}

const join = (...parts: Uint8Array[]): Bytes => concat(parts) as Bytes;

/** Changes bytes: inserts, deletes, replaces or moves some of them. Returns the number of new bytes too. */
function edit(bytes: Bytes, next: (limit: number) => number): { edited: Bytes; added: number } {
  const at = next(bytes.length);
  const length = 1 + next(3 * BLOCK);
  const fresh = randomBytes(length, next(2 ** 31));
  const after = bytes.subarray(Math.min(bytes.length, at + length));
  switch (next(4)) {
    case 0:
      return { edited: join(bytes.subarray(0, at), fresh, bytes.subarray(at)), added: length };
    case 1:
      return { edited: join(bytes.subarray(0, at), after), added: 0 };
    case 2:
      return { edited: join(bytes.subarray(0, at), fresh, after), added: length };
    default: {
      const rest = join(bytes.subarray(0, at), after);
      const to = next(rest.length + 1);
      return { edited: join(rest.subarray(0, to), bytes.subarray(at, at + length), rest.subarray(to)), added: length };
    }
  }
}

/** Returns the literals of a delta, before and after the search for small blocks. Checks that both rebuild the bytes. */
function delta(bytes: Bytes, old: Bytes, options: { pieceBytes?: number; inPlace?: boolean } = {}) {
  const digester = testDigester();
  const segments = scanBuffer(bytes, signatureOf(old, BLOCK, digester), digester, options);
  assertEquals(rebuild(bytes, old, segments), bytes);
  const refined = refineBuffer(bytes, old, segments, digester);
  assertEquals(rebuild(bytes, old, refined), bytes);
  digester.close();
  return { segments, coarse: literalBytes(segments), fine: literalBytes(refined) };
}

describe("the delta of a file", () => {
  it("rebuilds the file after random insertions, deletions, replacements and moves, from few literals", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = generator(seed);
      const old = randomBytes(200 * BLOCK + next(BLOCK), seed);
      let bytes = old;
      // The end after the last whole block, and the block before it if the end has moved.
      let allowed = 2 * BLOCK;
      for (let edits = 1 + next(6); edits > 0; edits--) {
        const { edited, added } = edit(bytes, next);
        bytes = edited;
        // At each side of an edit, and at its old place, a block is lost.
        allowed += added + 4 * BLOCK;
      }
      const { coarse, fine } = delta(bytes, old, { pieceBytes: PIECES[seed % PIECES.length] });
      assert(coarse <= allowed, `seed ${seed}: ${coarse} literal bytes, ${allowed} allowed`);
      assert(fine <= coarse);
    }
  });

  it("of one inserted byte is a few kibibytes", () => {
    const old = randomBytes(8 << 20, 5);
    for (const pieceBytes of [undefined, 1 << 20]) {
      for (const at of [0, 1, BLOCK, (4 << 20) + 77, old.length]) {
        const { fine } = delta(join(old.subarray(0, at), new Uint8Array(1), old.subarray(at)), old, { pieceBytes });
        assert(fine <= 8 << 10, `${fine} literal bytes`);
      }
    }
  });

  it("of bytes changed in place contains only small blocks around them", () => {
    const old = randomBytes(4 << 20, 6);
    const bytes = old.slice();
    for (let at = 1000; at < bytes.length; at += 100_000) bytes[at] ^= 1;
    for (const inPlace of [false, true]) assertEquals(delta(bytes, old, { inPlace }).fine, 42 * 4096);
  });

  it("of a file that is changed in place contains only copies at the same offset", () => {
    const old = randomBytes(1 << 20, 7);
    const bytes = join(randomBytes(3 * BLOCK, 8), old.subarray(0, 20 * BLOCK), old.subarray(23 * BLOCK));
    const { segments } = delta(bytes, old, { inPlace: true });
    assert(segments.every(({ start, old }) => old === undefined || old === start));
    assertEquals(literalBytes(segments), 23 * BLOCK);
  });

  it("contains the end of the file after its last whole block", () => {
    const old = randomBytes(5 * BLOCK + 100, 9);
    assertEquals(delta(old, old).segments.map(({ start, end, old }) => [start, end, old]), [
      [0, 5 * BLOCK, 0],
      [5 * BLOCK, 5 * BLOCK + 100, undefined],
    ]);
    assertEquals(delta(join(old, old), old).coarse, 200);
  });

  it("of an empty, a short and an unrelated file is the file", () => {
    const old = randomBytes(20 * BLOCK, 10);
    for (const size of [0, 1, BLOCK - 1, BLOCK, 50 * BLOCK]) {
      assertEquals(delta(randomBytes(size, 11), old).coarse, size);
    }
  });

  it("of many equal blocks takes one digest per block", () => {
    const digester = testDigester();
    const counting = countingDigester(digester);
    const zeros = new Uint8Array(1 << 20);
    const old = join(randomBytes(BLOCK, 12), zeros, randomBytes(BLOCK, 13));
    const signature = signatureOf(old, BLOCK, digester);
    const bytes = join(zeros, randomBytes(100, 14), zeros);
    const segments = scanBuffer(bytes, signature, counting);
    assertEquals(rebuild(bytes, old, segments), bytes);
    assert(literalBytes(segments) < 2 * BLOCK);
    assert(counting.digested < 4 * bytes.length, `${counting.digested} bytes digested of ${bytes.length}`);
  });

  it("digests a limited number of bytes if a hostile receiver repeats a CRC-32 with other digests", () => {
    const digester = testDigester();
    const counting = countingDigester(digester);
    const zeros = new Uint8Array(1 << 20);
    const signature = signatureOf(zeros, BLOCK, digester);
    const entries = new Uint8Array(signature.entries);
    for (let block = 0; block < 128; block++) entries[block * COARSE_ENTRY_BYTES + BLOCK_DIGEST_BYTES - 1] ^= block + 1;
    const segments = scanBuffer(zeros, signature, counting);
    assertEquals(literalBytes(segments), zeros.length);
    assert(counting.digested < 12 * zeros.length, `${counting.digested} bytes digested`);
  });

  it("contains no copy if all digests are wrong", () => {
    const digester = testDigester();
    const old = randomBytes(1 << 20, 15);
    const signature = signatureOf(old, BLOCK, digester);
    const entries = new Uint8Array(signature.entries);
    for (let at = 0; at < entries.length; at += COARSE_ENTRY_BYTES) entries[at] ^= 1;
    assertEquals(literalBytes(scanBuffer(old, signature, digester)), old.length);
  });
});
