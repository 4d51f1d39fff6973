/** Turns the entries of a list into sources. */

import { UsageError } from "../../errors.ts";
import { resolvePath } from "../../files/path/local_path.ts";
import { type Operand, parseOperand } from "../../ssh/operand.ts";
import { atEntry, type FileList, type ListEntry, readFileList, readListedPaths } from "./values/file_list.ts";
import { checkMovedHosts } from "./run_checks.ts";
import { planTransfers, type Source } from "./transfers.ts";
import type { RunOptions } from "./run_options.ts";

/** Returns the options of a run with the contents of its list. @throws {UsageError} */
export async function withLists(options: RunOptions): Promise<RunOptions> {
  const { fileList, filesFrom } = options;
  if (filesFrom) return { ...options, listed: await readListedPaths(filesFrom) };
  return fileList ? await withListed(options, fileList) : options;
}

async function withListed(options: RunOptions, list: FileList): Promise<RunOptions> {
  const driveLetters = Deno.build.os === "windows";
  const listed = listedSources(await readFileList(list), { target: options.target, driveLetters });
  const sources = [...options.sources, ...listed];
  const transfers = planTransfers(sources, options.target, options);
  if (transfers.some(({ direction, sources }) => direction === "origin" && sources.some(({ target }) => target))) {
    throw new UsageError('Cannot use "-R" with a list that has targets');
  }
  if (options.host.request.relative && sources.some(({ target }) => target)) {
    throw new UsageError('Cannot use "--relative" with a list that has targets');
  }
  if (options.host.request.removesSources) checkMovedHosts(transfers);
  return { ...options, sources, transfers };
}

/** Context of the entries of a list. */
export interface ListOptions {
  /** Target of the command line, for entries without a target and for relative targets of entries. */
  readonly target?: Operand;
  /** Whether `C:\x` is a local path, as on Windows. */
  readonly driveLetters: boolean;
}

/**
 * Parses entries as operands, except that "-" is a file. An entry that occurs twice is one source.
 *
 * @throws {UsageError} naming the place in the list.
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
    if (!base) throw new UsageError("neither the entry nor the command line has a target");
    return { operand, literal: true };
  }
  const own = read(target);
  if (own.kind === "remote" || !base) return { operand, literal: true, target: own };
  // Paths of remote hosts have the style of those hosts.
  const style = base.kind === "local" && driveLetters ? "windows" : "posix";
  return { operand, literal: true, target: { ...base, path: resolvePath(base.path, own.path, style) } };
}
