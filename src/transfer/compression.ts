/** What compression needs on either end before the streams run. */

import type { CodecName } from "../protocol/coding.ts";

/** What a receiver can take, the best first; nothing when nobody wants it. Loaded then only: most copies go without. */
export async function codecsFor(compress: boolean, engine: "native" | "portable"): Promise<CodecName[]> {
  if (!compress) return [];
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
