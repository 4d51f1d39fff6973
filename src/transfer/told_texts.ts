/** Texts that a user has been told, so that nothing is told twice: as many as may be remembered. */

/** How much is remembered. */
export interface ToldLimits {
  /** Maximum number of texts. */
  texts: number;
  /** Maximum length of all of them, in UTF-16 units. */
  units: number;
}

/** See above. A peer may say as much as it likes: what does not fit is told again. */
export class ToldTexts {
  readonly #limits: ToldLimits;
  readonly #texts = new Set<string>();
  #units = 0;

  constructor(limits: ToldLimits) {
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
