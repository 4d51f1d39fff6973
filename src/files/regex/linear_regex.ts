/**
 * Regular expressions that match in linear time. A client can send any expression, and the backtracking of `RegExp` takes
 * exponential time for some of them.
 */

import { UserError } from "../../errors.ts";
import { Alphabet } from "./alphabet.ts";
import { Automaton, type State } from "./automaton.ts";
import { StateCache } from "./state_cache.ts";
import { type Assertion, type Node, parseRegex } from "./syntax.ts";

/** Maximum number of different assertions in one expression: each has a bit. */
const MAX_ASSERTIONS = 24;

/** An assertion, and the bit of the positions at which it holds. */
interface CompiledAssertion {
  readonly assertion: Assertion;
  readonly bit: number;
  /** Of a lookahead or lookbehind: its contents. */
  readonly automaton?: Automaton;
  /** Of a word boundary: the number of the atom "\w". */
  readonly word?: number;
}

/** A regular expression, equivalent to `new RegExp(text, "u")` except that backreferences are not supported. */
export class LinearRegex {
  readonly #alphabet = new Alphabet();
  readonly #states: State[] = [{ kind: "accept" }];
  readonly #maxStates: number;
  readonly #cache: StateCache;
  readonly #automaton: Automaton;
  /** An assertion follows the assertions that it contains. */
  readonly #assertions: CompiledAssertion[] = [];
  readonly #bits = new Map<string, number>();
  #isMatch = false;
  readonly #found = () => this.#isMatch = true;
  #codes = new Uint32Array(256);
  #holds = new Uint32Array(257);

  /**
   * @param options.cache Shared by several expressions. Default: one of its own.
   * @throws {SyntaxError} as `RegExp` does.
   * @throws {UserError} for what is not supported, or beyond the limits; the message is only the reason.
   */
  constructor(text: string, { maxStates, cache = new StateCache() }: { maxStates: number; cache?: StateCache }) {
    new RegExp(text, "u");
    this.#maxStates = maxStates;
    this.#cache = cache;
    this.#automaton = this.#compile(parseRegex(text), false);
  }

  /** Number of states, with all repetitions expanded. */
  get states(): number {
    return this.#states.length;
  }

  /** Returns whether the expression matches somewhere in the text. */
  test(text: string): boolean {
    const length = this.#read(text);
    this.#evaluate(length);
    this.#isMatch = false;
    this.#automaton.run(this.#codes, length, this.#holds, this.#found);
    return this.#isMatch;
  }

  /** Reads the code points of the text. @returns their number. */
  #read(text: string): number {
    if (text.length > this.#codes.length) {
      this.#codes = new Uint32Array(text.length * 2);
      this.#holds = new Uint32Array(text.length * 2 + 1);
    }
    let length = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at)!;
      if (code > 0xffff) at++;
      this.#codes[length++] = code;
    }
    return length;
  }

  /** Evaluates the assertions at each position. */
  #evaluate(length: number): void {
    const holds = this.#holds;
    holds.fill(0, 0, length + 1);
    for (const { assertion, bit, automaton, word } of this.#assertions) {
      if (assertion.kind === "start") {
        for (let at = 0; at <= (assertion.flags.multiline ? length : 0); at++) if (this.#isStart(at)) holds[at] |= bit;
      } else if (assertion.kind === "end") {
        for (let at = assertion.flags.multiline ? 0 : length; at <= length; at++) {
          if (this.#isEnd(at, length)) holds[at] |= bit;
        }
      } else if (assertion.kind === "boundary") {
        for (let at = 0; at <= length; at++) {
          const isBoundary = this.#isWord(at - 1, length, word!) !== this.#isWord(at, length, word!);
          if (isBoundary !== assertion.negated) holds[at] |= bit;
        }
      } else {
        const mark = (at: number) => {
          holds[at] |= bit;
          return false;
        };
        automaton!.run(this.#codes, length, holds, mark, { backward: assertion.kind === "lookahead" });
        if (assertion.negated) { for (let at = 0; at <= length; at++) holds[at] ^= bit; }
      }
    }
  }

  #isStart(at: number): boolean {
    return at === 0 || isLineEnd(this.#codes[at - 1]);
  }

  #isEnd(at: number, length: number): boolean {
    return at === length || isLineEnd(this.#codes[at]);
  }

  #isWord(at: number, length: number, word: number): boolean {
    return at >= 0 && at < length && this.#alphabet.accepts(word, this.#alphabet.classOf(this.#codes[at]));
  }

  #compile(node: Node, backward: boolean): Automaton {
    return new Automaton(this.#states, this.#entry(node, 0, backward), this.#alphabet, this.#cache);
  }

  /** Adds the states of a node that is followed by `next`. @returns its first state. */
  #entry(node: Node, next: number, backward: boolean): number {
    switch (node.type) {
      case "character":
        return this.#add({ kind: "character", number: this.#alphabet.add(node.text, node.flags), next });
      case "sequence":
        return (backward ? node.parts : node.parts.toReversed()).reduce(
          (after, part) => this.#entry(part, after, backward),
          next,
        );
      case "choice":
        return this.#add({ kind: "split", next: node.parts.map((part) => this.#entry(part, next, backward)) });
      case "assertion":
        return this.#add({ kind: "assertion", bit: this.#bitOf(node.assertion), next });
      case "repeat":
        return this.#repeat(node, next, backward);
    }
  }

  #repeat({ part, min, max }: Extract<Node, { type: "repeat" }>, next: number, backward: boolean): number {
    let entry = next;
    if (max === Infinity) {
      const split = { kind: "split" as const, next: [next] };
      entry = this.#add(split);
      split.next.push(this.#entry(part, entry, backward));
    } else {
      for (let count = min; count < max; count++) {
        entry = this.#add({ kind: "split", next: [next, this.#entry(part, entry, backward)] });
      }
    }
    for (let count = 0; count < min; count++) {
      const before = this.#entry(part, entry, backward);
      // An empty node has no states, however often it is repeated.
      if (before === entry) break;
      entry = before;
    }
    return entry;
  }

  #add(state: State): number {
    if (this.#states.length >= this.#maxStates) {
      throw new UserError("it is too large", { hint: "Repeat less, or split it into several rules" });
    }
    return this.#states.push(state) - 1;
  }

  #bitOf(assertion: Assertion): number {
    const key = keyOf(assertion);
    const known = key === undefined ? undefined : this.#bits.get(key);
    if (known !== undefined) return known;
    const automaton = "part" in assertion ? this.#compile(assertion.part, assertion.kind === "lookahead") : undefined;
    const word = assertion.kind === "boundary" ? this.#alphabet.add("\\w", assertion.flags) : undefined;
    if (this.#assertions.length >= MAX_ASSERTIONS) {
      throw new UserError(`it has more than ${MAX_ASSERTIONS} different assertions`, {
        hint: "Split it into several rules",
      });
    }
    const bit = 1 << this.#assertions.length;
    this.#assertions.push({ assertion, bit, automaton, word });
    if (key !== undefined) this.#bits.set(key, bit);
    return bit;
  }
}

/** Returns a key that is equal for equivalent assertions; undefined for lookahead and lookbehind. */
function keyOf(assertion: Assertion): string | undefined {
  if ("part" in assertion) return undefined;
  const { kind, flags: { ignoreCase, multiline }, negated } = assertion;
  return `${kind} ${negated} ${kind === "boundary" ? ignoreCase : multiline}`;
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029;
}
