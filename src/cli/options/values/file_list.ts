/** `--filelist`: sources from a text file, one per line, or from YAML, which may also name targets. */

import { quotePath, UsageError, UserError } from "../../../errors.ts";
import { decodeName } from "../../../protocol/names.ts";
import { MAX_ROOTS } from "../../../protocol/limits.ts";
import { textLines } from "../../../text_lines.ts";
import { failureReason } from "../../failure_reason.ts";

/** A list, and its format. */
export interface FileList {
  /** "-" is standard input. */
  readonly file: string;
  /** Whether entries end with NUL instead of a newline. */
  readonly nul: boolean;
}

/** An entry of a list, unparsed. */
export interface ListEntry {
  readonly source: string;
  readonly target?: string;
  /** Returns its place for a message: `"list.txt", line 3`. */
  readonly where: () => string;
}

/**
 * Reads a list. Empty lines are ignored, and carriage returns at the end of lines.
 *
 * @throws {UsageError} naming the file, and the line if it is known.
 */
export async function readFileList({ file, nul }: FileList): Promise<ListEntry[]> {
  const bytes = await readBytes(file);
  const entries = /\.ya?ml$/i.test(file) ? await readYaml(bytes, file) : readLines(bytes, shownName(file), nul);
  if (entries.length === 0) throw new UsageError(`Cannot copy from the list ${shownName(file)}: it is empty`);
  return entries;
}

/**
 * Reads the paths of `--files-from`. Empty lines are ignored, and lines that start with "#" or ";".
 *
 * @throws {UsageError} naming the file.
 */
export async function readListedPaths({ file, nul }: FileList): Promise<string[]> {
  const paths = readLines(await readBytes(file), shownName(file), nul).map(({ source }) => source);
  const listed = nul ? paths : paths.filter((path) => !/^[#;]/.test(path));
  if (listed.length >= MAX_ROOTS) {
    throw new UsageError(`Cannot use the list ${shownName(file)}: it has more than ${MAX_ROOTS - 1} paths`);
  }
  return listed;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return file === "-"
      ? new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer())
      : await Deno.readFile(file);
  } catch (cause) {
    throw new UsageError(`Cannot read the list ${shownName(file)}: ${failureReason(cause)}`, { cause });
  }
}

function shownName(file: string): string {
  return file === "-" ? "from standard input" : quotePath(file);
}

function readLines(bytes: Uint8Array, shown: string, nul: boolean): ListEntry[] {
  const entries: ListEntry[] = [];
  // decodeName keeps bytes that are not UTF-8, so none of them is mistaken for the end of a line.
  const text = decodeName(bytes);
  for (const [index, source] of (nul ? text.split("\0") : textLines(text)).entries()) {
    const where = () => `${shown}, ${nul ? "entry" : "line"} ${index + 1}`;
    if (source.includes("\0")) {
      throw new UsageError(`Cannot use ${where()}: it contains a NUL byte`, {
        hint: "Use -0 for the output of find -print0",
      });
    }
    if (source !== "") entries.push({ source, where });
  }
  return entries;
}

async function readYaml(bytes: Uint8Array, file: string): Promise<ListEntry[]> {
  const { parseYaml } = await import("../../../config/parse_yaml.ts");
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
    const isValid = isText(source) && (target === undefined || isText(target)) && more.length === 0;
    if (!isValid) throw new UsageError(`Cannot use ${where()}: it is not [source, target]`, { hint: PAIR_HINT });
    return { source, target, where };
  });
}

const PAIR_HINT = "Write entries as: - [notes.txt, archive/notes-2024.txt]";

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`Cannot read ${quotePath(file)}: it is not UTF-8`, {
      cause,
      hint: "Use a text file, one name per line, for names that are not UTF-8",
    });
  }
}

/** Finds the lines of entries in a YAML list, because its parser does not report them. */
class EntryPlaces {
  readonly #text: string;
  readonly #count: number;
  readonly #shown: string;

  constructor(text: string, count: number, shown: string) {
    this.#text = text;
    this.#count = count;
    this.#shown = shown;
  }

  /** Returns the place of an entry, counted from 0: `"list.yaml", line 3`. */
  of(index: number): string {
    const lines = this.#text.split("\n");
    const first = lines.find((line) => /^ *-(\s|$)/.test(line));
    const indent = first?.indexOf("-") ?? 0;
    const starts = lines.flatMap((line, at) => line.search(/\S/) === indent && /^ *-(\s|$)/.test(line) ? [at + 1] : []);
    // In other styles, such as [a, b], the line is not known.
    if (starts.length !== this.#count) return `${this.#shown}, entry ${index + 1}`;
    return `${this.#shown}, line ${starts[index]}`;
  }
}

/** Runs `read` on an entry. @throws {UsageError} naming the place of the entry. */
export function atEntry<T>({ where }: ListEntry, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UsageError(`Cannot use ${where()}: ${error.message}`, { cause: error, hint: error.hint });
  }
}
