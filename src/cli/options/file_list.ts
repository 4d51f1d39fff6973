/** `--filelist`: sources from a file, one a line, or from YAML with targets of their own. */

import { quotePath, UsageError, UserError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";

/** Which list, and how it is written. */
export interface FileList {
  /** "-" is standard input. */
  readonly file: string;
  /** Entries end with NUL and not with a line. */
  readonly nul: boolean;
}

/** An entry of a list, as it is written. */
export interface ListEntry {
  readonly source: string;
  readonly target?: string;
  /** How a message names its place: `"list.txt", line 3`. */
  readonly where: () => string;
}

/**
 * Reads a list to its end. Lines that are empty do not count; neither does a carriage return at the end of one.
 *
 * @throws {UsageError} names the file, and the line where it can be told.
 */
export async function readFileList({ file, nul }: FileList): Promise<ListEntry[]> {
  const bytes = await readBytes(file);
  const entries = /\.ya?ml$/i.test(file) ? await readYaml(bytes, file) : readLines(bytes, shownName(file), nul);
  if (entries.length === 0) throw new UsageError(`Cannot copy from the list ${shownName(file)}: it names nothing`);
  return entries;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return file === "-"
      ? new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer())
      : await Deno.readFile(file);
  } catch (cause) {
    const state = cause instanceof Error ? cause.message.replace(/ \(os error.*/s, "") : String(cause);
    throw new UsageError(`Cannot read the list ${shownName(file)}: ${state}`, { cause });
  }
}

function shownName(file: string): string {
  return file === "-" ? "from standard input" : quotePath(file);
}

function readLines(bytes: Uint8Array, shown: string, nul: boolean): ListEntry[] {
  const entries: ListEntry[] = [];
  // No byte of a sequence that is not UTF-8 is taken for the end of a line.
  for (const [index, line] of decodeName(bytes).split(nul ? "\0" : "\n").entries()) {
    const source = nul ? line : line.replace(/\r$/, "");
    const where = () => `${shown}, ${nul ? "entry" : "line"} ${index + 1}`;
    if (source.includes("\0")) {
      throw new UsageError(`Cannot use ${where()}: it holds a NUL byte`, { hint: "A list of find -print0 needs -0" });
    }
    if (source !== "") entries.push({ source, where });
  }
  return entries;
}

async function readYaml(bytes: Uint8Array, file: string): Promise<ListEntry[]> {
  const { parseYaml } = await import("../../config/parse_yaml.ts");
  const text = decodeText(bytes, file);
  const value = await parseYaml(text, file);
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) {
    throw new UsageError(`Cannot use ${quotePath(file)}: it is not a list`, { hint: PAIR_HINT });
  }
  const places = new EntryPlaces(text, value.length, quotePath(file));
  return value.map((item: unknown, index) => {
    const where = () => places.of(index);
    const [source, target, ...more] = Array.isArray(item) ? item : [item];
    const good = isText(source) && (target === undefined || isText(target)) && more.length === 0;
    if (!good) throw new UsageError(`Cannot use ${where()}: it is not [source, target]`, { hint: PAIR_HINT });
    return { source, target, where };
  });
}

const PAIR_HINT = "An entry looks like this: - [notes.txt, archive/notes-2024.txt]";

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`Cannot read ${quotePath(file)}: it is not UTF-8`, {
      cause,
      hint: "Names that are not UTF-8 can stand in a list without targets, one a line",
    });
  }
}

/** Where the entries of a YAML list stand: its parser tells no lines. */
class EntryPlaces {
  readonly #text: string;
  readonly #count: number;
  readonly #shown: string;

  constructor(text: string, count: number, shown: string) {
    this.#text = text;
    this.#count = count;
    this.#shown = shown;
  }

  of(index: number): string {
    const lines = this.#text.split("\n");
    const first = lines.find((line) => /^ *-(\s|$)/.test(line));
    const indent = first?.indexOf("-") ?? 0;
    const starts = lines.flatMap((line, at) => line.search(/\S/) === indent && /^ *-(\s|$)/.test(line) ? [at + 1] : []);
    // In any other way of writing it the line is not known.
    if (starts.length !== this.#count) return `${this.#shown}, entry ${index + 1}`;
    return `${this.#shown}, line ${starts[index]}`;
  }
}

/** Runs `read` on what an entry says. @throws {UsageError} that names the entry's place. */
export function atEntry<T>({ where }: ListEntry, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UsageError(`Cannot use ${where()}: ${error.message}`, { cause: error, hint: error.hint });
  }
}
