import type { RandomBytes } from "./files/random_bytes.ts";
import { DIRECTIONS, ENGINES, type Variant } from "./scene.ts";

/** Returns a direction, an engine and a number of streams. */
export function randomVariant(random: RandomBytes): Variant {
  return {
    direction: DIRECTIONS[random.below(DIRECTIONS.length)],
    engine: ENGINES[random.below(ENGINES.length)],
    streams: random.below(2) === 0 ? 1 : 4,
  };
}
