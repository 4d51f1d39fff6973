/** Contents of a configuration file, after validation. */

import type { FilterRule } from "../files/walk/filter.ts";
import type { GlobPattern } from "../files/glob/pattern.ts";

/** Value of a key, in the form of the option of the same name. A `count` is a number. */
export type OptionValue = boolean | number | string | readonly (string | number)[] | readonly FilterRule[];

/** Direction of a client's copy: a push writes on this host, a pull reads. */
export type Direction = "push" | "pull";

/** A key that a file may contain: the row of a long option. */
export interface KnownKey {
  /** With dashes; a file may use underscores instead. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** "boolean": true or false. "count": a number from 0 to 9, or true. "list": one or more values. Others: one value. */
  readonly kind: string;
  /** The values are filter rules. The rules of all such keys form one list, in their order in the file. */
  readonly rule?: Pick<FilterRule, "action" | "kind">;
}

/** The options that the parser of files needs. */
export interface KeyTable {
  /** Options that a file may set: not "help". */
  readonly known: readonly KnownKey[];
  /**
   * Parses one value.
   *
   * @param shown name of the key for messages: `Key "streams" ("/etc/escp.conf", line 3)`.
   * @throws {UsageError}
   */
  parseValue(key: KnownKey, text: string, shown: string): string | number;
  /** Returns the candidate that was most likely meant. */
  nearest(word: string, candidates: readonly string[]): string | undefined;
}

/** Settings for all hosts, or for some. */
export interface Settings {
  /** Values by option name. Filter rules are under "rules". */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** CPUs to run on, in ascending order. */
  readonly cpumask?: readonly number[];
  /** Memory nodes to allocate from, in ascending order. */
  readonly nodemask?: readonly number[];
}

/** A file. */
export interface Config extends Settings {
  /** Path of the file. */
  readonly file: string;
  /** Entries of `hosts:`, in order. */
  readonly hosts: readonly (Settings & { readonly pattern: GlobPattern })[];
  /** Directory that confines sessions of clients: an absolute path, or one that starts with "~". */
  readonly root?: string;
  /** Directions that clients may use; undefined if the file does not set it. */
  readonly allow?: readonly Direction[];
}
