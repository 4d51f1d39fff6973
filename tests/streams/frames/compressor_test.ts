import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Codec } from "../../../src/compress/codec.ts";
import { availableCodecs, createCodec } from "../../../src/compress/codecs.ts";
import { CODEC_NUMBERS } from "../../../src/protocol/codec_names.ts";
import { Compressor } from "../../../src/streams/frames/compressor.ts";
import { Decompressor } from "../../../src/streams/frames/decompressor.ts";
import { text } from "../../compress/text.ts";
import { assertProtocolError } from "../../protocol/protocol_error.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

const KiB = 1024;
const MiB = KiB * KiB;

/** Returns a codec that counts its input bytes. */
function counted(): Codec & { given: number } {
  const codec = createCodec("deflate", "portable");
  return {
    name: codec.name,
    library: codec.library,
    given: 0,
    compress(from, start, end, to, limit) {
      this.given += end - start;
      return codec.compress(from, start, end, to, limit);
    },
    decompress: codec.decompress,
    close: codec.close,
  };
}

describe("Compressor and Decompressor", () => {
  for (const engine of ["native", "portable"] as const) {
    for (const name of availableCodecs(engine)) {
      it(`round-trip every piece at any position: ${name}, ${engine}`, () => {
        const compressor = new Compressor(createCodec(name, engine));
        const decompressor = new Decompressor([createCodec(name, engine)]);
        let small = 0;
        for (const size of [0, 1, 127, 128, 5000, 64 * KiB, MiB, 2 * MiB + 1]) {
          const bytes = randomBytes(size + 500, "around");
          bytes.set(text(size), 200);
          const whole = bytes.slice();
          const coded = compressor.compress(bytes, 200, 200 + size);
          assertEquals(bytes.subarray(0, 200), whole.subarray(0, 200));
          assertEquals(bytes.subarray(200 + size), whole.subarray(200 + size));
          if (coded === undefined) {
            assert(size < 128, `${size}`);
            assertEquals(bytes, whole);
            continue;
          }
          small++;
          assert(coded < size);
          decompressor.decompress(compressor.codecNumber, bytes, 200, 200 + coded, size);
          assertEquals(decompressor.bytes.subarray(decompressor.start, decompressor.start + size), text(size));
        }
        assertEquals(small, 5);
        compressor.close();
        decompressor.close();
      });
    }
  }

  it("leave data that does not compress unchanged, with few attempts", () => {
    const codec = counted();
    const compressor = new Compressor(codec);
    const bytes = randomBytes(MiB, "random");
    for (let piece = 0; piece < 1000; piece++) {
      assertEquals(compressor.compress(bytes, 0, MiB), undefined);
    }
    assertEquals(bytes, randomBytes(MiB, "random"));
    assert(codec.given > 0 && codec.given < 1000 * MiB / 400, `${codec.given}`);
  });

  it("compress text after data that does not compress, and then all of it", () => {
    const compressor = new Compressor(counted());
    const random = randomBytes(MiB, "random");
    for (let piece = 0; piece < 100; piece++) compressor.compress(random, 0, MiB);
    const coded = Array.from({ length: 60 }, () => compressor.compress(text(100 * KiB), 0, 100 * KiB) !== undefined);
    const first = coded.indexOf(true);
    assert(first >= 0 && first <= 16, `${first}`);
    assert(coded.slice(first).every((each) => each));
  });

  it("refuse a codec that was not agreed on", () => {
    const decompressor = new Decompressor([createCodec("deflate", "portable")]);
    const refuses = (coding: number) =>
      assertProtocolError("bad-coding", () => decompressor.decompress(coding, new Uint8Array(10), 0, 10, 100));
    refuses(CODEC_NUMBERS.zstd);
    refuses(0);
    refuses(77);
  });
});
