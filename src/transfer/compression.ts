/** Agreement on a codec, before the streams are opened. */

import type { CodecName } from "../protocol/codec_names.ts";

/** Returns the codecs that a receiver accepts, the best first. Loads them only now: most copies do not compress. */
export async function codecsFor(engine: "native" | "portable"): Promise<CodecName[]> {
  const { availableCodecs } = await import("../compress/codecs.ts");
  return availableCodecs(engine);
}

/** Returns the best codec of a sender that the receiver accepts; undefined if there is none. */
export async function codecFor(
  accepted: readonly string[],
  engine: "native" | "portable",
): Promise<CodecName | undefined> {
  if (accepted.length === 0) return undefined;
  const { chooseCodec } = await import("../compress/codecs.ts");
  return chooseCodec(accepted, engine);
}
