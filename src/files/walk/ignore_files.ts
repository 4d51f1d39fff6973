/** The `.gitignore` files of a walk: those of the current directory and of the directories above it, up to the root. */

import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { FileError } from "../../errors.ts";
import { grouped } from "../../protocol/control/texts.ts";
import { MAX_PATH_BYTES } from "../../protocol/limits.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import type { IgnoredEntries, SourceReader, SourceRoot } from "../engine/source.ts";
import { joinPath } from "../path/local_path.ts";
import { IgnoreRules, type RuleCost } from "./ignore_rules.ts";

/** Maximum size of a file. In bytes. */
const MAX_BYTES = 1 << 20;

/** Limits for all rules that apply to a path, because every entry is tested with all of them. */
export const MAX_COST: Readonly<RuleCost> = { rules: 10_000, characters: 1 << 20, searchSteps: 1 << 14 };

/** Maximum number of states on the path to a directory. */
export const MAX_STATES = 200_000;

const COST_NAMES: Record<keyof RuleCost, string> = {
  rules: "rules",
  characters: "characters in their rules",
  searchSteps: 'wildcards and other characters between two "*"',
};

/** Codes of entries that are not rules: missing, not a regular file, or a link that is not followed. */
const WITHOUT_RULES: readonly (string | undefined)[] = ["ENOENT", "EISDIR", "ESPECIAL", "ELOOP"];

/** Maximum size of a line, of which each character of a pattern takes at most three. In bytes. */
const MAX_LINE_BYTES = 3 * MAX_PATH_BYTES;
const BOM = [0xef, 0xbb, 0xbf];
const NEWLINE = 0x0a;
const RETURN = 0x0d;

const NAME = encodeName(".gitignore\0");

/** A file whose rules match part of the path to a directory. */
interface PartialMatch {
  /** Index of the file. */
  file: number;
  /** States of its rules in the directory. */
  states: readonly number[];
}

/** A directory on the path to the current one, to which any rules apply. */
interface Level {
  root: number;
  /** Path of the directory with a slash at the end; "" for the root. */
  prefix: string;
  /** Number of files that apply. */
  files: number;
  /** In the order of the files. */
  matches: readonly PartialMatch[];
  /** Number of states. */
  states: number;
}

/** Follows one walk, which is depth first. */
export class IgnoreFiles implements IgnoredEntries {
  readonly #reader: SourceReader;
  readonly #roots: readonly Pick<SourceRoot, "path">[];
  readonly #yielder = new EventLoopYielder();
  /** The innermost last. */
  readonly #levels: Level[] = [];
  /** Rules of the files that apply, the innermost last. */
  readonly #files: IgnoreRules[] = [];
  #buffer?: Uint8Array<ArrayBuffer>;

  /** @param reader reads the sources of the walk; closed by `close`. */
  constructor(reader: SourceReader, roots: readonly Pick<SourceRoot, "path">[]) {
    this.#reader = reader;
    this.#roots = roots;
  }

  *enter(root: number, path: string): Generator<Promise<void>, void> {
    const prefix = path === "" ? "" : `${path}/`;
    while (this.#levels.length > 0 && !isBelow(this.#levels.at(-1)!, root, prefix)) this.#levels.pop();
    const above = this.#levels.at(-1);
    this.#files.length = above?.files ?? 0;
    const bytes = this.#read(root, path);
    const rules = bytes && (yield* this.#parse(bytes, root, path));
    if (this.#files.length === 0 && !rules) return;
    const matches = above ? this.#matchesBelow(above, path) : [];
    if (rules) {
      const states = rules.start();
      if (states.length > 0) matches.push({ file: this.#files.length, states });
    }
    const states = matches.reduce((sum, match) => sum + match.states.length, 1);
    if (this.#levels.reduce((sum, level) => sum + level.states, states) > MAX_STATES) {
      throw this.#refuse(root, path, `${grouped(MAX_STATES)} partial matches on the path to it`);
    }
    if (rules) this.#files.push(rules);
    this.#levels.push({ root, prefix, files: this.#files.length, matches, states });
  }

  ignores(path: string, isDirectory: boolean): boolean {
    const level = this.#levels.at(-1);
    if (!level) return false;
    const name = path.slice(level.prefix.length);
    let at = level.matches.length - 1;
    for (let file = level.files - 1; file >= 0; file--) {
      const states = level.matches[at]?.file === file ? level.matches[at--].states : [];
      const ignored = this.#files[file].test(states, name, isDirectory);
      if (ignored !== undefined) return ignored;
    }
    return false;
  }

  yieldIfDue(): void | Promise<void> {
    return this.#yielder.yieldIfDue();
  }

  close(): void {
    this.#reader.close();
    this.#yielder.close();
  }

  /** Returns what the rules above a directory have matched of its path. */
  #matchesBelow({ prefix, matches }: Level, path: string): PartialMatch[] {
    let below = [...matches];
    for (const name of path.slice(prefix.length).split("/")) {
      below = below.flatMap(({ file, states }) => {
        const next = this.#files[file].enter(states, name);
        return next.length > 0 ? [{ file, states: next }] : [];
      });
    }
    return below;
  }

  /** Returns the contents of the file of a directory until the next call; undefined if it has none. */
  #read(root: number, path: string): Uint8Array | undefined {
    const directory = encodeName(`${path}\0`);
    this.#reader.enter(root, directory, 0, directory.length - 1);
    const buffer = this.#buffer ??= new Uint8Array(MAX_BYTES);
    try {
      const length = this.#reader.readWhole(NAME, 0, NAME.length - 1, buffer, 0, MAX_BYTES);
      return buffer.subarray(0, length);
    } catch (error) {
      if (error instanceof FileError && WITHOUT_RULES.includes(error.code)) return undefined;
      throw error;
    }
  }

  /** Returns the rules of a file; undefined if it has none. */
  *#parse(bytes: Uint8Array, root: number, path: string): Generator<Promise<void>, IgnoreRules | undefined> {
    const rules = new IgnoreRules();
    const above = costOf(this.#files);
    for (const line of linesIn(bytes)) {
      rules.add(decodeName(line));
      const exceeded = KEYS.find((key) => above[key] + rules.cost[key] > MAX_COST[key]);
      if (exceeded) throw this.#refuse(root, path, `${grouped(MAX_COST[exceeded])} ${COST_NAMES[exceeded]}`);
      const wait = this.yieldIfDue();
      if (wait) yield wait;
    }
    return rules.cost.rules > 0 ? rules : undefined;
  }

  #refuse(root: number, path: string, limit: string): FileError {
    const reason = `the .gitignore files in and above it have more than ${limit}`;
    return new FileError("copy", joinPath(this.#roots[root].path, path), reason, {
      hint: "Exclude the directory with --exclude, or omit --exclude-ignore-files",
      code: "E2BIG",
    });
  }
}

/** Yields the lines that may be rules, without a byte order mark and carriage returns at their ends. */
function* linesIn(bytes: Uint8Array): Generator<Uint8Array, void> {
  let from = BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
  while (from < bytes.length) {
    const found = bytes.indexOf(NEWLINE, from);
    const next = found === -1 ? bytes.length : found;
    const end = next > from && bytes[next - 1] === RETURN ? next - 1 : next;
    if (end - from <= MAX_LINE_BYTES) yield bytes.subarray(from, end);
    from = next + 1;
  }
}

const KEYS = ["rules", "characters", "searchSteps"] as const;

/** Returns the cost of all rules together. */
function costOf(files: readonly IgnoreRules[]): RuleCost {
  const sum = (key: keyof RuleCost) => files.reduce((total, { cost }) => total + cost[key], 0);
  return { rules: sum("rules"), characters: sum("characters"), searchSteps: sum("searchSteps") };
}

function isBelow({ root, prefix }: Level, otherRoot: number, path: string): boolean {
  return root === otherRoot && path.startsWith(prefix) && path !== prefix;
}
