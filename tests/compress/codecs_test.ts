import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { deflateRawSync } from "node:zlib";
import { availableCodecs, chooseCodec, createCodec } from "../../src/compress/codecs.ts";
import { ProtocolError } from "../../src/errors.ts";
import { CODEC_NAMES } from "../../src/protocol/codec_names.ts";
import { assertProtocolError } from "../protocol/protocol_error.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import { text } from "./text.ts";

const ENGINES = ["native", "portable"] as const;
const KiB = 1024;
const MiB = KiB * KiB;
const CODECS = ENGINES.flatMap((engine) => availableCodecs(engine).map((name) => ({ engine, name })));

/** Compresses bytes into a sufficiently large buffer. */
function compressed({ engine, name }: typeof CODECS[number], bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const codec = createCodec(name, engine);
  const room = new Uint8Array(bytes.length + 1024);
  const length = codec.compress(bytes, 0, bytes.length, room, room.length)!;
  codec.close();
  return room.slice(0, length);
}

describe("codecs", () => {
  it("are listed with the best first, and include deflate", () => {
    for (const engine of ENGINES) {
      const names = availableCodecs(engine);
      assert(names.includes("deflate"));
      assertEquals(names, CODEC_NAMES.filter((name) => names.includes(name)));
    }
  });

  it("are chosen by chooseCodec: the best codec of both ends, or undefined", () => {
    const [best] = availableCodecs("portable");
    assertEquals(chooseCodec(["deflate", "unheard-of", "zstd"], "portable"), best);
    assertEquals(chooseCodec(["deflate"], "portable"), "deflate");
    assertEquals(chooseCodec(["unheard-of"], "portable"), undefined);
    assertEquals(chooseCodec([], "portable"), undefined);
  });
});

for (const variant of CODECS) {
  const { engine, name } = variant;
  describe(`${name} (${engine})`, () => {
    it("round-trips inputs of every length and preserves adjacent bytes", () => {
      const codec = createCodec(name, engine);
      const room = new Uint8Array(3 * MiB);
      for (const size of [1, 2, 127, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, MiB - 1, MiB, MiB + 1, 2 * MiB + 7]) {
        for (const bytes of [text(size), randomBytes(size, size), new Uint8Array(size)]) {
          const from = new Uint8Array(size + 20);
          from.set(bytes, 10);
          const length = codec.compress(from, 10, 10 + size, room, room.length)!;
          const coded = new Uint8Array(length + 7);
          coded.set(room.subarray(0, length), 3);
          const to = new Uint8Array(size + 20).fill(0xa5);
          codec.decompress(coded, 3, 3 + length, to, 10, size);
          assertEquals(to.subarray(10, 10 + size), bytes);
          assert([...to.subarray(0, 10), ...to.subarray(10 + size)].every((byte) => byte === 0xa5));
        }
      }
      codec.close();
      codec.close();
    });

    it("is compatible with the other implementations of the codec", () => {
      for (const other of CODECS.filter((other) => other.name === name)) {
        const reader = createCodec(other.name, other.engine);
        const to = new Uint8Array(100 * KiB);
        const coded = compressed(variant, text(100 * KiB));
        reader.decompress(coded, 0, coded.length, to, 0, to.length);
        assertEquals(to, text(100 * KiB));
        reader.close();
      }
    });

    it("compresses text, and returns undefined if the limit is too small", () => {
      const codec = createCodec(name, engine);
      const bytes = text(MiB);
      const { length } = compressed(variant, bytes);
      assert(length < MiB / 3, `${length}`);
      const room = new Uint8Array(MiB).fill(0xa5);
      assertEquals(codec.compress(bytes, 0, MiB, room, length - 1), undefined);
      assertEquals(codec.compress(randomBytes(MiB), 0, MiB, room, MiB - 1), undefined);
      assertEquals(codec.compress(bytes, 0, MiB, room, 0), undefined);
      assertEquals(room.at(-1), 0xa5);
      codec.close();
    });

    it("refuses truncated data, trailing data and a wrong length, and writes nothing beyond the length", () => {
      const codec = createCodec(name, engine);
      const size = 5000;
      const coded = compressed(variant, text(size));
      // zlib ignores data after the end of its stream, so this data must not be written either.
      const longer = Uint8Array.from([...coded, ...coded]);
      const to = new Uint8Array(size * 2).fill(0xa5);
      const refuses = (bytes: Uint8Array<ArrayBuffer>, end: number, length: number) => {
        assertProtocolError("bad-coding", () => codec.decompress(bytes, 0, end, to, 0, length));
        assert(to.subarray(length).every((byte) => byte === 0xa5), `${end} ${length}`);
        to.fill(0xa5);
      };
      refuses(coded, 0, size);
      for (const end of [1, 2, 3, 4, 5, 9, coded.length >> 1]) refuses(coded, end, size);
      for (const length of [0, 1, size - 1, size + 1, size * 2]) refuses(coded, coded.length, length);
      refuses(longer, longer.length, size - 1);
      codec.close();
    });

    it("throws a ProtocolError for changed bytes, or returns other contents of the same length", () => {
      const codec = createCodec(name, engine);
      const size = 3000;
      const coded = compressed(variant, text(size));
      const to = new Uint8Array(size + 64).fill(0xa5);
      for (let bit = 0; bit < coded.length * 8; bit += 3) {
        const changed = coded.slice();
        changed[bit >> 3] ^= 1 << (bit & 7);
        try {
          codec.decompress(changed, 0, changed.length, to, 0, size);
        } catch (error) {
          assert(error instanceof ProtocolError, `${error}`);
        }
        assert(to.subarray(size).every((byte) => byte === 0xa5));
      }
      codec.close();
    });

    it("stops a decompression bomb at the announced length", () => {
      const codec = createCodec(name, engine);
      const bomb = name === "deflate"
        ? new Uint8Array(deflateRawSync(new Uint8Array(64 * MiB)))
        : compressed(variant, new Uint8Array(16 * MiB));
      const to = new Uint8Array(2 * MiB).fill(0xa5);
      const before = Deno.memoryUsage().rss;
      for (let round = 0; round < 50; round++) {
        assertProtocolError("bad-coding", () => codec.decompress(bomb, 0, bomb.length, to, 0, MiB));
      }
      assert(to.subarray(MiB).every((byte) => byte === 0xa5));
      assert(Deno.memoryUsage().rss - before < 200 * MiB);
      codec.close();
    });

    it("refuses ranges that exceed the buffers", () => {
      const codec = createCodec(name, engine);
      const bytes = new Uint8Array(100);
      const to = new Uint8Array(100);
      for (const [start, end] of [[-1, 50], [0, 101], [60, 50], [NaN, 50], [0.5, 50], [0, Infinity]]) {
        assertThrows(() => codec.compress(bytes, start, end, to, 100), RangeError);
        assertThrows(() => codec.decompress(bytes, start, end, to, 0, 50), RangeError);
      }
      for (const limit of [-1, 101, NaN]) {
        assertThrows(() => codec.compress(text(1000), 0, 1000, to, limit), RangeError);
        assertThrows(() => codec.decompress(bytes, 0, 50, to, 0, limit), RangeError);
      }
      assertThrows(() => codec.decompress(bytes, 0, 50, to, 60, 50), RangeError);
      codec.close();
    });
  });
}
