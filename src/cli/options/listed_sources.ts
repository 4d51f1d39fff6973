/** From the entries of a list to sources. */

import { UsageError } from "../../errors.ts";
import { resolvePath } from "../../files/path/local_path.ts";
import { type Operand, parseOperand } from "../../ssh/operand.ts";
import { atEntry, type FileList, type ListEntry, readFileList } from "./file_list.ts";
import { planTransfers, type Source } from "./transfers.ts";
import type { Options } from "./options.ts";

/** The options of a copy, with what the list says. @throws {UsageError} */
export async function withListed(options: Options, list: FileList): Promise<Options> {
  const driveLetters = Deno.build.os === "windows";
  const listed = listedSources(await readFileList(list), { target: options.target, driveLetters });
  const sources = [...options.sources, ...listed];
  const transfers = planTransfers(sources, options.target, options);
  if (transfers.some(({ direction, sources }) => direction === "origin" && sources.some(({ target }) => target))) {
    throw new UsageError('Cannot use "-R" with a list that has targets');
  }
  return { ...options, sources, transfers };
}

export interface ListOptions {
  /** The target of the command line: that of entries without one, and where relative ones of entries begin. */
  readonly target?: Operand;
  readonly driveLetters: boolean;
}

/**
 * An entry is read as an operand is, but for "-", which is a file here. One that stands there twice is one source.
 *
 * @throws {UsageError} names the place in the list.
 */
export function listedSources(entries: readonly ListEntry[], options: ListOptions): Source[] {
  const seen = new Set<string>();
  const sources: Source[] = [];
  for (const entry of entries) {
    const key = entry.target === undefined ? entry.source : `${entry.source}\0${entry.target}`;
    if (seen.has(key)) continue;
    seen.add(key);
    sources.push(atEntry(entry, () => listedSource(entry, options)));
  }
  return sources;
}

function listedSource({ source, target }: ListEntry, { target: base, driveLetters }: ListOptions): Source {
  const read = (text: string): Operand => {
    const operand = parseOperand(text, { driveLetters });
    return operand.kind === "local" && operand.path === "-" ? { ...operand, path: "./-" } : operand;
  };
  const operand = read(source);
  if (target === undefined) {
    if (!base) throw new UsageError("it has no target, and neither has the command line");
    return { operand, literal: true };
  }
  const own = read(target);
  if (own.kind === "remote" || !base) return { operand, literal: true, target: own };
  // On another host paths are not those of this system.
  const style = base.kind === "local" && driveLetters ? "windows" : "posix";
  return { operand, literal: true, target: { ...base, path: resolvePath(base.path, own.path, style) } };
}
