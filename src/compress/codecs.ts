/** Which codecs this process has, and who does their work. */

import { CODEC_NAMES, type CodecName } from "../protocol/coding.ts";
import type { Codec } from "./codec.ts";
import { createLibzstdCodec } from "./libzstd_codec.ts";
import { createDeflateCodec, createZlibZstdCodec } from "./zlib_codecs.ts";

/** "native" may use libraries of the system, "portable" only what the runtime has. */
type Engine = "native" | "portable";

/** Of this thread: what has proven itself. */
const makers = new Map<string, (() => Codec) | undefined>();

/** The codecs that there are, the best first. Deflate always is. */
export function availableCodecs(engine: Engine): CodecName[] {
  return CODEC_NAMES.filter((name) => makerOf(name, engine) !== undefined);
}

/** The codec that a sender takes: the best of its own that the receiver has too; undefined when there is none. */
export function chooseCodec(receiverHas: readonly string[], engine: Engine): CodecName | undefined {
  return availableCodecs(engine).find((name) => receiverHas.includes(name));
}

/** @throws {Error} for one that is not available. */
export function createCodec(name: CodecName, engine: Engine): Codec {
  const make = makerOf(name, engine);
  if (!make) throw new Error(`Cannot compress with ${name}: it is not there`);
  return make();
}

function makerOf(name: CodecName, engine: Engine): (() => Codec) | undefined {
  const key = `${name} ${engine}`;
  if (!makers.has(key)) makers.set(key, candidates(name, engine).find(proves));
  return makers.get(key);
}

function candidates(name: CodecName, engine: Engine): (() => Codec)[] {
  if (name === "deflate") return [createDeflateCodec];
  return engine === "native" ? [() => createLibzstdCodec(), createZlibZstdCodec] : [createZlibZstdCodec];
}

/** Whether a codec is there and gives back what it was given. */
function proves(make: () => Codec): boolean {
  const piece = Uint8Array.from({ length: 512 }, (_, index) => index % 7);
  const coded = new Uint8Array(512);
  const back = new Uint8Array(512);
  try {
    const codec = make();
    const length = codec.compress(piece, 0, 512, coded, 256);
    if (length === undefined) return false;
    codec.decompress(coded, 0, length, back, 0, 512);
    codec.close();
    return back.every((byte, index) => byte === piece[index]);
  } catch {
    return false;
  }
}
