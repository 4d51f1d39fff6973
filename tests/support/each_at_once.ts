/**
 * Runs the body for all items at the same time, for bodies that wait most of their time. Waits for all of them, and names
 * those that failed.
 */
export async function eachAtOnce<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  body: (item: Item) => Promise<void>,
): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(body));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [`${nameOf(items[index])}: ${outcome.reason?.stack ?? outcome.reason}`] : []
  );
  if (failures.length > 0) throw new Error(failures.join("\n\n"));
}
