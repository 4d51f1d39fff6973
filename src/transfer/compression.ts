/** What compression needs on either end before the streams run. */

import type { CodecName } from "../protocol/coding.ts";

/** Returns the codecs that a receiver accepts, the best first. Loads them only now: most copies do not compress. */
export async function codecsFor(engine: "native" | "portable"): Promise<CodecName[]> {
  const { availableCodecs } = await import("../compress/codecs.ts");
  return availableCodecs(engine);
}

/** What a sender uses: the best of its own that the receiver can take; undefined when there is none. */
export async function codecFor(
  receiverHas: readonly string[],
  engine: "native" | "portable",
): Promise<CodecName | undefined> {
  if (receiverHas.length === 0) return undefined;
  const { chooseCodec } = await import("../compress/codecs.ts");
  return chooseCodec(receiverHas, engine);
}
