/** Does the work on all items, on so many at a time as `jobs` says, in their order. @returns the results, in the same order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  // An iterator that is shared gives each item to one of them.
  const takeTurns = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, takeTurns));
  return results;
}
