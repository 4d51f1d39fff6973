/** A set of digests in memory that all threads share: 1,000,000 of them take 16 MiB. */

/** What is known of a digest. */
export const Known = {
  no: 0,
  /** It is in the set, and what it stands for may have been lost since. */
  perhaps: 1,
  yes: 2,
} as const;

/** The lowest bit of a digest gives way to a mark: whether it is `perhaps` only. */
const DOUBT = 1;

/** Open addressing with linear probing; at most half of the slots are taken. */
export class DigestSet {
  readonly memory: SharedArrayBuffer;
  readonly #slots: Uint32Array;
  readonly #mask: number;

  /** @param memory of another one with the same contents, which may be of another thread. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#slots = new Uint32Array(memory);
    this.#mask = this.#slots.length / 2 - 1;
  }

  /** An empty one with room for so many. */
  static withRoom(count: number): DigestSet {
    let slots = 16;
    while (slots < count * 2) slots *= 2;
    return new DigestSet(new SharedArrayBuffer(slots * 8));
  }

  add(low: number, high: number, known: typeof Known.perhaps | typeof Known.yes): void {
    const at = this.#find(low, high);
    const doubt = known === Known.yes || (this.#isTaken(at) && (this.#slots[at] & DOUBT) === 0) ? 0 : DOUBT;
    this.#slots[at] = ((low | DOUBT) ^ DOUBT) | doubt;
    this.#slots[at + 1] = high;
  }

  get(low: number, high: number): number {
    const at = this.#find(low, high);
    if (!this.#isTaken(at)) return Known.no;
    return (this.#slots[at] & DOUBT) === 0 ? Known.yes : Known.perhaps;
  }

  /** Where it stands, or is to stand. */
  #find(low: number, high: number): number {
    const slots = this.#slots;
    const wanted = (low | DOUBT) >>> 0;
    for (let slot = (low >>> 1) & this.#mask;; slot = (slot + 1) & this.#mask) {
      const at = slot * 2;
      if (!this.#isTaken(at) || (slots[at + 1] === high >>> 0 && (slots[at] | DOUBT) >>> 0 === wanted)) return at;
    }
  }

  /** A digest whose halves are both zero, one of 2**63, is as good as none: its file is sent again. */
  #isTaken(at: number): boolean {
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0;
  }
}
