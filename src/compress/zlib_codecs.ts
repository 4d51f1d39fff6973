/** Codecs that the runtime brings along: deflate everywhere, zstd in Deno 2.7 and later. */

import {
  constants,
  deflateRawSync,
  inflateRawSync,
  type ZlibOptions,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from "node:zlib";
import type { CodecName } from "../protocol/coding.ts";
import { badCoding, type Codec, pieceOf } from "./codec.ts";
import { ZSTD_LEVEL } from "./libzstd_codec.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Call<Options> = (bytes: Bytes, options: Options) => Uint8Array;

/** zlib makes its output in chunks, each a call: larger ones are a tenth faster. */
const CHUNK_BYTES = 256 << 10;

/** The fastest level: 250 MB/s of source code, against 90 of the default. */
const DEFLATE: ZlibOptions = { level: 1, chunkSize: CHUNK_BYTES };

/** A frame may ask for a window of its decoder: this is the least that any piece needs, MAX_PIECE_BYTES. */
const WINDOW_LOG = 25;

export function createDeflateCodec(): Codec {
  return zlibCodec("deflate", DEFLATE, {}, deflateRawSync as Call<ZlibOptions>, inflateRawSync as Call<ZlibOptions>);
}

/** A Deno before 2.7 has the functions, and they throw. */
export function createZlibZstdCodec(): Codec {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }, chunkSize: CHUNK_BYTES };
  const reading = { params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } };
  return zlibCodec(
    "zstd",
    options,
    reading,
    zstdCompressSync as Call<ZstdOptions>,
    zstdDecompressSync as Call<ZstdOptions>,
  );
}

function zlibCodec<Options extends { chunkSize?: number; maxOutputLength?: number }>(
  name: CodecName,
  writing: Options,
  reading: Options,
  compress: Call<Options>,
  decompress: Call<Options>,
): Codec {
  return {
    name,
    library: "zlib",
    compress(from, start, end, to, limit) {
      const target = pieceOf(to, 0, limit);
      const made = compress(pieceOf(from, start, end), writing);
      if (made.length > limit) return undefined;
      target.set(made);
      return made.length;
    },
    decompress(from, start, end, to, at, length) {
      const source = pieceOf(from, start, end);
      const target = pieceOf(to, at, at + length);
      let made: Uint8Array;
      try {
        // It stops at this length, whatever the rest would come to.
        made = decompress(source, { ...reading, maxOutputLength: length });
      } catch (error) {
        throw badCoding(name, error);
      }
      if (made.length !== length) throw badCoding(name);
      target.set(made);
    },
    close() {},
  };
}
