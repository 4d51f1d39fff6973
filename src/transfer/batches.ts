/** Cuts long lists into batches, because each control line has a maximum length. */

/** Maximum number of items of a batch. */
const MAX_ITEMS = 500;
/** Maximum length of a batch in UTF-16 units. In UTF-8 it has at most three times as many bytes, which fit into a line. */
const MAX_UNITS = 256 << 10;

/** A batch that is being filled. An item that exceeds the limit has a batch of its own. */
class Batch<Item> {
  readonly items: Item[] = [];
  #units = 0;

  /** Adds an item if there is room. @param jsonUnits its UTF-16 units in JSON. @returns whether it was added. */
  add(item: Item, jsonUnits: number): boolean {
    const units = jsonUnits + 1;
    const isFull = this.items.length === MAX_ITEMS || this.#units + units > MAX_UNITS;
    if (isFull && this.items.length > 0) return false;
    this.items.push(item);
    this.#units += units;
    return true;
  }
}

/**
 * Yields the items in their order, in batches that fit into a control line each.
 *
 * @param jsonUnits Returns the UTF-16 units of an item in JSON.
 * @param isAlike Returns whether an item may be in the same batch as another. Default: always.
 */
export function* batches<Item>(
  items: readonly Item[],
  jsonUnits: (item: Item) => number,
  isAlike: (item: Item, first: Item) => boolean = () => true,
): Generator<Item[], void> {
  let batch = new Batch<Item>();
  for (const item of items) {
    const [first = item] = batch.items;
    const units = jsonUnits(item);
    if (isAlike(item, first) && batch.add(item, units)) continue;
    yield batch.items;
    batch = new Batch();
    batch.add(item, units);
  }
  if (batch.items.length > 0) yield batch.items;
}

/** Gathers entries that arrive one by one, and sends them in batches. */
export class MessageBatcher<Entry> {
  readonly #send: (entries: Entry[]) => void;
  #batch = new Batch<Entry>();

  /** @param send Sends entries that fit into a control line. */
  constructor(send: (entries: Entry[]) => void) {
    this.#send = send;
  }

  /** Adds an entry. Sends the earlier entries first if there is no room for it in their batch. */
  add(entry: Entry): void {
    const units = JSON.stringify(entry).length;
    if (this.#batch.add(entry, units)) return;
    this.flush();
    this.#batch.add(entry, units);
  }

  /** Sends the entries that are left. */
  flush(): void {
    const { items } = this.#batch;
    if (items.length === 0) return;
    this.#batch = new Batch();
    this.#send(items);
  }
}
