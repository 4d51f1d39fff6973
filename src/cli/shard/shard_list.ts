/** Numbers of shards in messages. */

/** Returns sorted numbers as a list of ranges, which `sbatch --array` takes: `0,4-7`. */
export function shardList(numbers: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.last === number - 1) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`).join(",");
}
