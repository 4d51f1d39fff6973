/** What a configuration file says, once it is checked. */

import type { FilterRule } from "../files/walk/filter.ts";
import type { GlobPattern } from "../files/glob/pattern.ts";

/** The value of a key, as the option of the same name has it. A `count` is a number. */
export type OptionValue = boolean | number | string | readonly (string | number)[] | readonly FilterRule[];

/** What a client does on this host: a push writes here, a pull reads. */
export type Direction = "push" | "pull";

/** A key that a file may have: a long option. Rows of the table of options are such. */
export interface KnownKey {
  /** With dashes; a file may write underscores instead. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** "boolean" is true or false, "count" a number from 0 to 9 or true, "list" one or more values; all else one value. */
  readonly kind: string;
  /** Its values are rules for what to copy; those of all such keys make one list, in their order in the file. */
  readonly rule?: Pick<FilterRule, "action" | "kind">;
}

/** What the reader of files must be told about options, of which it knows nothing itself. */
export interface KeyTable {
  /** Only those that make sense in a file: not "help". */
  readonly known: readonly KnownKey[];
  /**
   * Checks one value.
   *
   * @param shown How a message names the key: `Key "streams" ("/etc/escp.conf", line 3)`.
   * @throws {UsageError}
   */
  parseValue(key: KnownKey, text: string, shown: string): string | number;
  /** The candidate that was most likely meant. */
  nearest(word: string, candidates: readonly string[]): string | undefined;
}

/** What holds for every host, or for some. */
export interface Settings {
  /** By the names of the options; those that are rules together as "rules". */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** CPUs to run on, ascending. */
  readonly cpumask?: readonly number[];
  /** Memory nodes to allocate from, ascending. */
  readonly nodemask?: readonly number[];
}

/** One file. */
export interface Config extends Settings {
  /** Its path. */
  readonly file: string;
  /** What `hosts:` says, in its order. */
  readonly hosts: readonly (Settings & { readonly pattern: GlobPattern })[];
  /** Absolute path, or one that begins with "~", of the directory that confines what others copy to and from here. */
  readonly root?: string;
  /** What others may do here; undefined where the file does not say. */
  readonly allow?: readonly Direction[];
}
