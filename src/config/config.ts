/** What a configuration file says, once it is checked. */

import type { GlobPattern } from "../files/glob/pattern.ts";

/** The value of a key, as the option of the same name has it. A `count` is a number. */
export type OptionValue = boolean | number | string | readonly (string | number)[];

/** A key that a file may have: a long option. Rows of the table of options are such. */
export interface KnownKey {
  /** With dashes; a file may write underscores instead. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** "boolean" is true or false, "count" a number from 0 to 9 or true, "list" one or more values; all else one value. */
  readonly kind: string;
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
  /** By the names of the options. */
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
  /** Absolute path, or one that begins with "~", of the folder that confines what others copy to and from here. */
  readonly root?: string;
}
