/** Cuts what is too much for one control line into what fits. */

/** Most items of a batch. */
const MOST_ITEMS = 500;
/** Most UTF-16 units of a batch: at most three times as many bytes, which a control line takes. */
const MOST_UNITS = 256 << 10;

/**
 * The items in their order, in pieces that fit into a control line each, as long as one item does.
 *
 * @param jsonUnits UTF-16 units of an item in JSON.
 * @param alike Whether an item may be in one batch with the one before it.
 */
export function* batches<T>(
  items: readonly T[],
  jsonUnits: (item: T) => number,
  alike: (item: T, before: T) => boolean = () => true,
): Generator<T[], void> {
  let batch: T[] = [];
  let size = 0;
  for (const item of items) {
    const units = jsonUnits(item) + 1;
    const isFull = batch.length === MOST_ITEMS || size + units > MOST_UNITS;
    if (batch.length > 0 && (isFull || !alike(item, batch[0]))) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += units;
  }
  if (batch.length > 0) yield batch;
}
