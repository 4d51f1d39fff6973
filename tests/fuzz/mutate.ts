/** Damages bytes for tests of decoders. */

import type { RandomBytes } from "../support/files/random_bytes.ts";

/** Bytes at the limits of ranges. */
const EDGES = [0x00, 0x01, 0x0a, 0x2e, 0x2f, 0x7f, 0x80, 0xfe, 0xff];

/** Returns a damaged copy: changed bits or bytes, a piece removed, repeated or overwritten, or a truncated end. */
export function mutate(bytes: Uint8Array, random: RandomBytes): Uint8Array<ArrayBuffer> {
  let out = bytes.slice();
  for (let times = 1 + random.below(4); times > 0 && out.length > 0; times--) {
    const at = random.below(out.length);
    const length = 1 + random.below(Math.min(12, out.length - at));
    switch (random.below(7)) {
      case 0:
        out[at] ^= 1 << random.below(8);
        break;
      case 1:
        out[at] = EDGES[random.below(EDGES.length)];
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
        break;
      case 4:
        out = Uint8Array.from([...out.subarray(0, at + length), ...out.subarray(at)]);
        break;
      case 5:
        out.fill(EDGES[random.below(EDGES.length)], at, at + length);
        break;
      default:
        random.fill(out.subarray(at, at + length));
    }
  }
  return out;
}

/** Returns 0 to `most` random bytes. */
export function noise(most: number, random: RandomBytes): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(random.below(most + 1));
  random.fill(bytes);
  return bytes;
}
