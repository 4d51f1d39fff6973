/** A set of digests in shared memory for all threads. 1,000,000 digests take 16 MiB. */

/** Whether a set contains a digest. */
export const Known = {
  no: 0,
  /** The set contains the digest, but its file may have been lost since. */
  perhaps: 1,
  yes: 2,
} as const;

/** Flag for `perhaps`, which replaces the lowest bit of a digest. */
const DOUBT = 1;

/** Hash table with linear probing. At most half of the slots are occupied. */
export class DigestSet {
  readonly memory: SharedArrayBuffer;
  readonly #slots: Uint32Array;
  readonly #mask: number;
  /** Number of digests that this object has added. */
  added = 0;

  /** Opens a set. @param memory Memory of a set, possibly of another thread. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#slots = new Uint32Array(memory);
    this.#mask = this.#slots.length / 2 - 1;
  }

  /** Creates an empty set for `count` digests. */
  static withCapacity(count: number): DigestSet {
    let slots = 16;
    while (slots < count * 2) slots *= 2;
    return new DigestSet(new SharedArrayBuffer(slots * 8));
  }

  /** Whether half of the slots are occupied, if no other object has added digests. */
  get isHalfFull(): boolean {
    return this.added * 4 >= this.#slots.length;
  }

  /** Returns a set of twice the size with the same digests. */
  grown(): DigestSet {
    const slots = this.#slots;
    const larger = new DigestSet(new SharedArrayBuffer(slots.length * 8));
    for (let at = 0; at < slots.length; at += 2) {
      if (this.#isTaken(at)) larger.add(slots[at], slots[at + 1], slots[at] & DOUBT ? Known.perhaps : Known.yes);
    }
    return larger;
  }

  /** Adds a digest. A digest that was added as `yes` stays so. */
  add(low: number, high: number, known: typeof Known.perhaps | typeof Known.yes): void {
    const at = this.#find(low, high);
    const doubt = known === Known.yes || (this.#isTaken(at) && (this.#slots[at] & DOUBT) === 0) ? 0 : DOUBT;
    if (!this.#isTaken(at)) this.added++;
    this.#slots[at] = ((low | DOUBT) ^ DOUBT) | doubt;
    this.#slots[at + 1] = high;
  }

  /** Returns whether the set contains a digest, as a value of `Known`. */
  get(low: number, high: number): number {
    const at = this.#find(low, high);
    if (!this.#isTaken(at)) return Known.no;
    return (this.#slots[at] & DOUBT) === 0 ? Known.yes : Known.perhaps;
  }

  /** Returns the index of a digest, or of the free slot for it. */
  #find(low: number, high: number): number {
    const slots = this.#slots;
    const key = (low | DOUBT) >>> 0;
    for (let slot = (low >>> 1) & this.#mask;; slot = (slot + 1) & this.#mask) {
      const at = slot * 2;
      if (!this.#isTaken(at) || (slots[at + 1] === high >>> 0 && (slots[at] | DOUBT) >>> 0 === key)) return at;
    }
  }

  /** Two zeros mark a free slot. One digest of 2**63 looks the same and is ignored: its file is sent again. */
  #isTaken(at: number): boolean {
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0;
  }
}
