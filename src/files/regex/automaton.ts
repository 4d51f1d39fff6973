/**
 * Simulates a nondeterministic finite automaton in linear time (Thompson 1968). Sets of states and their transitions are
 * cached, so that most characters cost two look-ups.
 */

import type { Alphabet } from "./alphabet.ts";
import type { StateCache } from "./state_cache.ts";

/** A state of the automaton. */
export type State =
  /** Consumes a character that the atom of this number accepts. */
  | { readonly kind: "character"; readonly number: number; readonly next: number }
  /** Continues at all of `next`. */
  | { readonly kind: "split"; readonly next: number[] }
  /** Continues at `next` if the assertion with this bit holds. */
  | { readonly kind: "assertion"; readonly bit: number; readonly next: number }
  | { readonly kind: "accept" };

/** A set of states before the next character, without the closure over splits and assertions. */
interface StateSet {
  readonly states: readonly number[];
  /** For positions at which no assertion holds, which is most of them. */
  plain?: Row;
  rows?: Map<number, Row>;
}

/** The closure of a set of states at a position where certain assertions hold. */
interface Row {
  readonly isAccepting: boolean;
  /** The states of kind "character" in the closure. */
  readonly reached: readonly number[];
  /** Per class of characters: the next set, if cached. */
  readonly next: (StateSet | undefined)[];
}

/** Finds the ends of all matches, which may start anywhere. */
export class Automaton {
  readonly #states: readonly State[];
  readonly #start: number;
  readonly #alphabet: Alphabet;
  readonly #sets = new Map<string, StateSet>();
  readonly #cache: StateCache;
  readonly #first: StateSet;

  /**
   * @param states Shared by several automata.
   * @param cache Also shared. It limits the memory of all automata.
   */
  constructor(states: readonly State[], start: number, alphabet: Alphabet, cache: StateCache) {
    this.#states = states;
    this.#start = start;
    this.#alphabet = alphabet;
    this.#cache = cache;
    this.#first = { states: [start] };
    cache.add(this);
  }

  /**
   * Reads the code points from the first to the last, or with `backward` from the last to the first.
   *
   * @param holds Bits of the assertions that hold at each position, from before the first code point to after the last.
   * @param found Called with each position at which a match ends, in this direction; true ends the search.
   */
  run(
    codes: Uint32Array,
    length: number,
    holds: Uint32Array,
    found: (place: number) => boolean,
    { backward = false }: { backward?: boolean } = {},
  ): void {
    const step = backward ? -1 : 1;
    const last = backward ? 0 : length;
    let set = this.#first;
    for (let place = backward ? length : 0;; place += step) {
      const row = this.#row(set, holds[place]);
      if (row.isAccepting && found(place)) return;
      if (place === last) return;
      const ofClass = this.#alphabet.classOf(codes[backward ? place - 1 : place]);
      set = row.next[ofClass] ?? this.#advance(row, ofClass);
    }
  }

  #row(set: StateSet, bits: number): Row {
    const known = bits === 0 ? set.plain : set.rows?.get(bits);
    if (known) return known;
    // The cache does not contain this set if it was dropped while the set was in use.
    if (this.#cache.makeRoom()) set.plain = set.rows = undefined;
    const row = this.#close(set, bits);
    if (bits === 0) set.plain = row;
    else (set.rows ??= new Map()).set(bits, row);
    return row;
  }

  /** Computes the closure: all states that are reachable without consuming a character. */
  #close({ states }: StateSet, bits: number): Row {
    const seen = new Set<number>(states);
    const reached: number[] = [];
    let isAccepting = false;
    // Iteration over a Set includes elements that are added meanwhile.
    for (const at of seen) {
      const state = this.#states[at];
      if (state.kind === "character") reached.push(at);
      else if (state.kind === "accept") isAccepting = true;
      else if (state.kind === "split") { for (const next of state.next) seen.add(next); }
      else if ((bits & state.bit) !== 0) seen.add(state.next);
    }
    this.#cache.count(seen.size);
    return { isAccepting, reached, next: [] };
  }

  #advance(row: Row, ofClass: number): StateSet {
    // A match may start at any position.
    const states = new Set<number>([this.#start]);
    for (const at of row.reached) {
      const state = this.#states[at];
      if (state.kind === "character" && this.#alphabet.accepts(state.number, ofClass)) states.add(state.next);
    }
    return row.next[ofClass] = this.#setOf(states);
  }

  #setOf(states: Set<number>): StateSet {
    const sorted = [...states].sort((a, b) => a - b);
    const key = sorted.join();
    const known = this.#sets.get(key);
    if (known) return known;
    this.#cache.makeRoom();
    const set: StateSet = { states: sorted };
    this.#sets.set(key, set);
    this.#cache.count(sorted.length);
    return set;
  }

  /** Drops the cached sets. A set that is in use is dropped when the run leaves it. */
  forget(): void {
    this.#sets.clear();
    this.#first.plain = undefined;
    this.#first.rows = undefined;
  }
}
