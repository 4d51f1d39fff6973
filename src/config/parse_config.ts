/** Parses configuration files. */

import { quotePath, UsageError, UserError } from "../errors.ts";
import { createFilter, type FilterRule, portableRules } from "../files/walk/filter.ts";
import { type GlobPattern, parseGlob } from "../files/glob/pattern.ts";
import { checkPattern } from "../files/glob/rsync_stars.ts";
import type { Config, Direction, KeyTable, KnownKey, OptionValue, Settings } from "./config.ts";
import { findKeyLine } from "./key_line.ts";
import { EXCLUSIVE } from "./merge_options.ts";
import { parseMask } from "./mask.ts";
import { parseYaml } from "./parse_yaml.ts";
import { choosePorts, parsePortRange } from "./port_range.ts";

type Mapping = Record<string, unknown>;

/** Keys that are not options. */
const MASKS = ["cpumask", "nodemask"] as const;
const FILE_KEYS = ["hosts", "root", "allow"];
const DIRECTIONS: readonly Direction[] = ["push", "pull"];

/**
 * Parses and validates a file.
 *
 * @param file path, for messages and for `Config.file`.
 * @throws {UsageError} naming the file, the key, and the line if it is known.
 */
export async function parseConfig(text: string, file: string, table: KeyTable): Promise<Config> {
  const value = await parseYaml(text, file);
  if (value === null || value === undefined) return { file, options: {}, hosts: [] };
  if (!isMapping(value)) {
    throw new UsageError(`Cannot use ${quotePath(file)}: it does not contain keys with values`, {
      hint: "Write lines such as: streams: 8",
    });
  }
  return new ConfigReader(text, file, table).read(value);
}

/** Turns the mapping of one file into a `Config`. */
class ConfigReader {
  readonly #text: string;
  readonly #file: string;
  readonly #table: KeyTable;

  constructor(text: string, file: string, table: KeyTable) {
    this.#text = text;
    this.#file = file;
    this.#table = table;
  }

  read(mapping: Mapping): Config {
    const settings = this.#settings(mapping, [], FILE_KEYS);
    return {
      file: this.#file,
      ...settings,
      hosts: this.#hosts(mapping.hosts),
      root: this.#root(mapping.root),
      allow: this.#allow(mapping.allow),
    };
  }

  /** Reads the settings of a mapping. @param others allowed keys that other methods read. */
  #settings(mapping: Mapping, path: string[], others: string[]): Settings {
    const options: Record<string, OptionValue> = {};
    const masks: Partial<Record<typeof MASKS[number], number[]>> = {};
    const rules: FilterRule[] = [];
    /** Name of each key for messages. */
    const seen = new Map<string, string>();
    for (const [written, value] of Object.entries(mapping)) {
      const shown = this.#shown([...path, written]);
      const name = written.replaceAll("_", "-");
      const mask = MASKS.find((it) => it === name);
      const key = mask || others.includes(name) ? undefined : this.#find(name, written, path, others);
      const canonical = key?.name ?? name;
      if (seen.has(canonical)) throw new UsageError(`${shown} is given twice`);
      seen.set(canonical, shown);
      if (mask) masks[mask] = parseMask(scalar(value, shown), shown);
      else if (key?.rule) rules.push(...this.#rules(key, value, shown));
      else if (key) options[key.name] = this.#option(key, value, shown);
    }
    if (rules.length > 0) options.rules = rules;
    checkTogether(options, seen);
    return { options, ...masks };
  }

  #find(name: string, written: string, path: string[], others: string[]): KnownKey {
    const { known, nearest } = this.#table;
    const key = known.find((it) => it.name === name || it.aliases?.includes(name));
    if (key) return key;
    const isFileKey = path.length > 0 && FILE_KEYS.includes(name);
    const candidates = [...known.flatMap((it) => [it.name, ...it.aliases ?? []]), ...MASKS, ...others];
    const meant = isFileKey ? undefined : nearest(name, candidates);
    const advice = isFileKey
      ? ": it applies to the whole file"
      : meant === undefined
      ? ""
      : `: did you mean "${meant}"?`;
    throw new UsageError(`Unknown key ${this.#placed([...path, written])}${advice}`, {
      hint: 'Use long options of "escp --help all", except those for a single run, ' +
        "or cpumask, nodemask, hosts, root and allow",
    });
  }

  /** Returns the rules as the command line parser does. */
  #rules(key: KnownKey, value: unknown, shown: string): FilterRule[] {
    const patterns = this.#option(key, value, shown) as readonly string[];
    const rules = patterns.map((pattern) => ({ ...key.rule!, pattern }));
    checked(shown, () => createFilter(portableRules(rules)));
    return rules;
  }

  #option(key: KnownKey, value: unknown, shown: string): OptionValue {
    if (key.kind === "list" && Array.isArray(value)) {
      return value.flatMap((item) => this.#option(key, scalar(item, shown), shown) as string[]);
    }
    const text = scalar(value, shown);
    const truth = /^(?:true|True|TRUE)$/.test(text) ? true : /^(?:false|False|FALSE)$/.test(text) ? false : undefined;
    if (key.kind === "boolean") {
      if (truth !== undefined) return truth;
      throw new UsageError(`${shown} must be true or false, not ${quotePath(text)}`);
    }
    if (key.kind === "count") {
      if (truth !== undefined || /^[0-9]$/.test(text)) return Number(truth ?? text);
      throw new UsageError(`${shown} must be true, false or a number from 0 to 9, not ${quotePath(text)}`);
    }
    const parsed = this.#table.parseValue(key, text, shown);
    if (key.name === "escp-portrange") parsePortRange(text, shown);
    if (key.name === "only") checked(shown, () => checkPattern(text));
    return key.kind === "list" ? [parsed] : parsed;
  }

  #hosts(value: unknown): Config["hosts"] {
    if (value === undefined) return [];
    if (!isMapping(value)) {
      throw new UsageError(`${this.#shown(["hosts"])} must contain patterns of hosts with keys of their own`, {
        hint: 'Example: hosts: {"*.lab": {streams: 8}}',
      });
    }
    return Object.entries(value).map(([host, mapping]) => {
      const shown = `Host ${this.#placed(["hosts", host])}`;
      if (!isMapping(mapping)) throw new UsageError(`${shown} must have keys of its own`);
      return { pattern: parseHost(host, shown), ...this.#settings(mapping, ["hosts", host], []) };
    });
  }

  #root(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    const shown = this.#shown(["root"]);
    const path = scalar(value, shown);
    if (/^(?:[\\/]|~|[a-z]:[\\/])/i.test(path)) return path;
    throw new UsageError(`${shown} must be an absolute path of a directory, not ${quotePath(path)}`);
  }

  #allow(value: unknown): Direction[] | undefined {
    if (value === undefined) return undefined;
    const shown = this.#shown(["allow"]);
    return (Array.isArray(value) ? value : [value]).map((item) => {
      const text = scalar(item, shown);
      const direction = DIRECTIONS.find((it) => it === text);
      if (direction) return direction;
      throw new UsageError(`${shown} must be push, pull or a list of them, not ${quotePath(text)}`);
    });
  }

  /** Returns the name of a key for messages: `Key "streams" of host "*.lab" ("/etc/escp.conf", line 3)`. */
  #shown(path: readonly string[]): string {
    return `Key ${this.#placed(path)}`;
  }

  /** Returns the last name of a path with its place: `"streams" of host "*.lab" ("/etc/escp.conf", line 3)`. */
  #placed(path: readonly string[]): string {
    const line = findKeyLine(this.#text, path);
    const host = path.length === 3 ? ` of host ${quotePath(path[1])}` : "";
    const where = line === undefined ? "" : `, line ${line}`;
    return `${quotePath(path[path.length - 1])}${host} (${quotePath(this.#file)}${where})`;
  }
}

/** Refuses options that exclude each other in the same place. */
function checkTogether(options: Settings["options"], shown: ReadonlyMap<string, string>): void {
  for (const [one, other] of EXCLUSIVE) {
    if (options[one] && options[other]) throw new UsageError(`${shown.get(other)} excludes ${quotePath(one)}`);
  }
  const { "escp-port": port, "escp-portrange": range } = options;
  if (port !== undefined && range !== undefined) choosePorts(Number(port), String(range), shown.get("escp-portrange"));
}

function parseHost(host: string, shown: string): GlobPattern {
  if (host.includes("/") || host === "") throw new UsageError(`${shown} must be a host, or a pattern of hosts`);
  return checked(shown, () => parseGlob(host.toLowerCase(), { strict: true, dot: true }));
}

/** Runs `parse`. @throws {UsageError} naming the place of the value. */
function checked<T>(shown: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UsageError(`${shown}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/** Returns the text of a value. @throws {UsageError} for lists and mappings. */
function scalar(value: unknown, shown: string): string {
  if (typeof value === "string" && value !== "") return value;
  if (Array.isArray(value)) throw new UsageError(`${shown} must be one value, not a list`);
  throw new UsageError(`${shown} ${isMapping(value) ? "must be one value" : "has no value"}`);
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
