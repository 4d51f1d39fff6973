/** Limits the sets of states that automata cache. */

/** Maximum number of cached states. Each takes some 20 bytes. */
const MAX_STATES = 2_000_000;
/** Number of states that take as much memory as the rest of a set. */
const SET_STATES = 16;

/** One cache for all expressions of a filter, so that memory is bounded for any number of them. */
export class StateCache {
  readonly #limit: number;
  readonly #automata: { forget(): void }[] = [];
  #states = 0;

  constructor(limit = MAX_STATES) {
    this.#limit = limit;
  }

  /** Number of cached states, plus a share for each set. */
  get states(): number {
    return this.#states;
  }

  /** Adds an automaton, which calls `count` for each set that it caches. */
  add(automaton: { forget(): void }): void {
    this.#automata.push(automaton);
  }

  /** Counts a cached set. */
  count(states: number): void {
    this.#states += states + SET_STATES;
  }

  /** Called before a set is cached. @returns whether everything was dropped. */
  makeRoom(): boolean {
    if (this.#states < this.#limit) return false;
    for (const automaton of this.#automata) automaton.forget();
    this.#states = 0;
    return true;
  }
}
