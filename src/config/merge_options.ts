/** Options of which a later one takes the place of both. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ["ipv4", "ipv6"],
  ["through-here", "from-origin"],
  ["escp-port", "escp-portrange"],
];

/**
 * Options of one place under those of a later one, key by key; a list is replaced as a whole. Of two that exclude each
 * other the later place decides, so that `-6` works where a file says `ipv4: true`.
 */
export function mergeOptions<Options extends object>(earlier: Options, later: Options): Options {
  const merged = { ...earlier } as Record<string, unknown>;
  const said = new Map(Object.entries(later).filter(([, value]) => value !== false));
  for (const pair of EXCLUSIVE) {
    if (pair.some((name) => said.has(name))) pair.forEach((name) => delete merged[name]);
  }
  return { ...merged, ...later } as Options;
}
