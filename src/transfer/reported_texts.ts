/** Texts that were reported to the user, so that each is reported once. */

/** Limits of what is remembered. */
export interface ReportedLimits {
  /** Maximum number of texts. */
  texts: number;
  /** Maximum length of all texts together, in UTF-16 units. */
  units: number;
}

const DEFAULT_LIMITS: ReportedLimits = { texts: 100_000, units: 32 << 20 };

/** Remembers texts of a peer within limits. A text beyond the limits counts as new each time. */
export class ReportedTexts {
  readonly #limits: ReportedLimits;
  readonly #texts = new Set<string>();
  #units = 0;

  /** @param limits Default: 100,000 texts and 32 Mi units. */
  constructor(limits: ReportedLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Returns whether the text is new, and remembers it if there is room. */
  add(text: string): boolean {
    if (this.#texts.has(text)) return false;
    if (this.#texts.size < this.#limits.texts && this.#units + text.length <= this.#limits.units) {
      this.#texts.add(text);
      this.#units += text.length;
    }
    return true;
  }
}
