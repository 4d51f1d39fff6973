/** Pairs of options that exclude each other. */
export const EXCLUSIVE: readonly (readonly [string, string])[] = [["ipv4", "ipv6"], ["through-here", "from-origin"]];

/** Pairs of options that a later place replaces together. A port range belongs to its first port. */
const REPLACED_TOGETHER = [...EXCLUSIVE, ["escp-port", "escp-portrange"]];

/**
 * Overrides the options of one place with those of a later one, key by key; a list is replaced as a whole. Of two options that
 * exclude each other, the later place decides, so that `-6` works with `ipv4: true` in a file.
 */
export function mergeOptions<Options extends object>(earlier: Options, later: Options): Options {
  const merged = { ...earlier } as Record<string, unknown>;
  const given = new Map(Object.entries(later).filter(([, value]) => value !== false));
  for (const pair of REPLACED_TOGETHER) {
    if (pair.some((name) => given.has(name))) pair.forEach((name) => delete merged[name]);
  }
  return { ...merged, ...later } as Options;
}
