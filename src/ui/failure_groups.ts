/** Failures with the same reason: the first ones are printed, the others are counted per directory. */

import { lastSeparator, PATH_STYLE, type PathStyle } from "../files/path/local_path.ts";

/** Maximum number of failures with one reason that are printed. */
const MAX_PRINTED = 10;
/** Maximum number of directories that are listed per reason. */
const MAX_LISTED = 10;
/** Maximum number of reasons, and of directories of all reasons, because a peer may send different ones for each file. */
const MAX_REASONS = 100;
const MAX_DIRECTORIES = 10_000;
/** Maximum length of a reason, directory or failure, because a peer chooses them. The rest is ignored in comparisons. */
const MAX_KEY = 1_000;

interface Group {
  reason: string;
  /** Failures that were printed, with their hosts. */
  printed: Set<string>;
  /** Number of failures that were not printed, by directory. */
  hidden: Map<string, number>;
  /** Number of failures that were not printed, in directories beyond the limit. */
  elsewhere: number;
}

/** The first quoted path of a message, and the reason after it. `quotePath` escapes quotes inside. */
const MESSAGE = /^([^"]*)"((?:[^"\\]|\\.)*)"(?:: )?(.*)$/s;

/** Parts of the message of a failure. */
export interface MessageParts {
  /** Such as `Cannot read`; the whole message if it contains no path. */
  operation: string;
  /** Escaped; "" without one. */
  path: string;
  /** Such as `Permission denied`; "" without one. */
  reason: string;
}

/** Splits a message at its first quoted path. */
export function partsOf(message: string): MessageParts {
  const [, operation = message, path = "", reason = ""] = MESSAGE.exec(message) ?? [];
  return { operation: operation.trim(), path, reason };
}

/** Counts failures of one run. */
export class FailureGroups {
  readonly #groups = new Map<string, Group>();
  /** Failures with reasons beyond the limit. */
  #others = newGroup("");
  #directories = 0;
  readonly #style: PathStyle;

  /** @param style Syntax of paths on this machine. */
  constructor(style: PathStyle = PATH_STYLE) {
    this.#style = style;
  }

  /**
   * Adds a failure. A failure of a directory may be added for each file in it, and is printed once.
   *
   * @param message such as `Cannot read "/a/b": Permission denied`.
   * @returns whether it is printed.
   */
  add(message: string, host = ""): boolean {
    const { operation, path, reason } = partsOf(message);
    const group = this.#groupOf((reason || operation).slice(0, MAX_KEY));
    const failure = `${host} ${message}`.slice(0, MAX_KEY);
    if (group.printed.has(failure)) return false;
    if (group.printed.size < MAX_PRINTED) {
      group.printed.add(failure);
      return true;
    }
    const end = lastSeparator(path, host === "" ? this.#style : "posix");
    const directory = path.slice(0, Math.min(end + 1, MAX_KEY));
    const count = group.hidden.get(directory);
    if (count !== undefined) group.hidden.set(directory, count + 1);
    else if (this.#directories < MAX_DIRECTORIES) {
      this.#directories++;
      group.hidden.set(directory, 1);
    } else group.elsewhere++;
    return false;
  }

  /** Returns lines for the failures that were not printed, and forgets them: `...and 34 more in "dir/": Permission denied`. */
  takeHidden(): string[] {
    const groups = [...this.#groups.values(), this.#others];
    this.#groups.clear();
    this.#others = newGroup("");
    this.#directories = 0;
    return groups.flatMap(({ reason, hidden, elsewhere }) => {
      const because = reason === "" ? "" : `: ${reason}`;
      const directories = [...hidden].toSorted(([, a], [, b]) => b - a);
      const listed = directories.slice(0, MAX_LISTED).map(([directory, count]) => {
        const place = directory === "" ? "" : ` in "${directory}"`;
        return `...and ${count} more${place}${because}`;
      });
      const rest = directories.slice(MAX_LISTED);
      const more = rest.reduce((sum, [, count]) => sum + count, elsewhere);
      if (more === 0) return listed;
      const places = elsewhere > 0 ? "other directories" : formatPlaces(rest.length);
      return [...listed, `...and ${more} more in ${places}${because}`];
    });
  }

  #groupOf(reason: string): Group {
    const known = this.#groups.get(reason);
    if (known) return known;
    if (this.#groups.size >= MAX_REASONS) return this.#others;
    const group = newGroup(reason);
    this.#groups.set(reason, group);
    return group;
  }
}

function newGroup(reason: string): Group {
  return { reason, printed: new Set(), hidden: new Map(), elsewhere: 0 };
}

function formatPlaces(count: number): string {
  return count === 1 ? "1 other directory" : `${count} other directories`;
}
