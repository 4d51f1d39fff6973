/** Codecs of the runtime: deflate, and zstd in Deno 2.7 and later. */

import {
  constants,
  deflateRawSync,
  inflateRawSync,
  type ZlibOptions,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from "node:zlib";
import type { CodecName } from "../protocol/codec_names.ts";
import { badCoding, type Codec, rangeOf } from "./codec.ts";
import { ZSTD_LEVEL } from "./libzstd_codec.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Call<Options> = (bytes: Bytes, options: Options) => Uint8Array;

/** zlib produces its output in chunks, one call each. Larger chunks are 10 % faster. */
const CHUNK_BYTES = 256 << 10;

/** The fastest level compresses 250 MB/s of source code, the default level 90. */
const DEFLATE: ZlibOptions = { level: 1, chunkSize: CHUNK_BYTES };

/** Logarithm of the maximum window that a frame may demand of the decoder: sufficient for MAX_INPUT_BYTES. */
const WINDOW_LOG = 25;

/** Creates the deflate codec (RFC 1951, without a header). */
export function createDeflateCodec(): Codec {
  return zlibCodec("deflate", DEFLATE, {}, deflateRawSync as Call<ZlibOptions>, inflateRawSync as Call<ZlibOptions>);
}

/** Creates the zstd codec. Before Deno 2.7, its functions exist but throw. */
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
      const target = rangeOf(to, 0, limit);
      const output = compress(rangeOf(from, start, end), writing);
      if (output.length > limit) return undefined;
      target.set(output);
      return output.length;
    },
    decompress(from, start, end, to, at, length) {
      const source = rangeOf(from, start, end);
      const target = rangeOf(to, at, at + length);
      let output: Uint8Array;
      try {
        // Decompression stops at this length, however long the output would be.
        output = decompress(source, { ...reading, maxOutputLength: length });
      } catch (error) {
        throw badCoding(name, error);
      }
      if (output.length !== length) throw badCoding(name);
      target.set(output);
    },
    close() {},
  };
}
