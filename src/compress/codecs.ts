/** Selects codecs and their implementations. */

import { equals } from "../bytes.ts";
import { CODEC_NAMES, type CodecName } from "../protocol/codec_names.ts";
import type { Codec } from "./codec.ts";
import { createLibzstdCodec } from "./libzstd_codec.ts";
import { createDeflateCodec, createZlibZstdCodec } from "./zlib_codecs.ts";

/** "native" may use libraries of the system; "portable" uses only the runtime. */
type Engine = "native" | "portable";

/** Implementations that passed `isUsable`, by codec and engine; undefined if none did. One map per thread. */
const factories = new Map<string, (() => Codec) | undefined>();

/** Returns the available codecs, the best first. Deflate is always available. */
export function availableCodecs(engine: Engine): CodecName[] {
  return CODEC_NAMES.filter((name) => factoryOf(name, engine) !== undefined);
}

/** Returns the sender's best codec that the receiver supports; undefined if there is none. */
export function chooseCodec(receiverHas: readonly string[], engine: Engine): CodecName | undefined {
  return availableCodecs(engine).find((name) => receiverHas.includes(name));
}

/** Creates a codec. @throws {Error} if it is not available. */
export function createCodec(name: CodecName, engine: Engine): Codec {
  const create = factoryOf(name, engine);
  if (!create) throw new Error(`Cannot compress with ${name}: it is not available`);
  return create();
}

function factoryOf(name: CodecName, engine: Engine): (() => Codec) | undefined {
  const key = `${name} ${engine}`;
  if (!factories.has(key)) factories.set(key, candidates(name, engine).find(isUsable));
  return factories.get(key);
}

function candidates(name: CodecName, engine: Engine): (() => Codec)[] {
  if (name === "deflate") return [createDeflateCodec];
  return engine === "native" ? [() => createLibzstdCodec(), createZlibZstdCodec] : [createZlibZstdCodec];
}

/** Returns whether a codec can be created and restores a test input. */
function isUsable(create: () => Codec): boolean {
  const input = Uint8Array.from({ length: 512 }, (_, index) => index % 7);
  const compressed = new Uint8Array(512);
  const output = new Uint8Array(512);
  try {
    const codec = create();
    try {
      const length = codec.compress(input, 0, 512, compressed, 256);
      if (length === undefined) return false;
      codec.decompress(compressed, 0, length, output, 0, 512);
      return equals(input, output);
    } finally {
      codec.close();
    }
  } catch {
    return false;
  }
}
