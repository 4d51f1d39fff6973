/** Checks the sources that a server offers against those that the user requested. */

import { ProtocolError } from "../../errors.ts";
import { matchesGlobName } from "../../files/glob/match_path.ts";
import { type GlobPattern, hasGlob, parseGlob } from "../../files/glob/pattern.ts";
import { ListedPaths } from "../../files/walk/listed_paths.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import { MAX_PATH_NAMES, MAX_PLAIN_ROOTS, MAX_ROOTS } from "../../protocol/limits.ts";
import type { RequestedSource } from "../requested_sources.ts";
import type { CopyOptions } from "./copy_options.ts";
import type { CopyRequest } from "./copy_request.ts";
import { splitOperand } from "../send/sources/split_operand.ts";
import { sourceNameOf } from "../send/sources/names.ts";

/** Returns whether any source has a target of its own. */
export function haveTargets(requested: readonly RequestedSource[]): boolean {
  return requested.some(({ target }) => target !== undefined);
}

/** Returns the maximum number of sources that a server may offer: one per operand, and more for a pattern. */
export function maxOffered(requested: readonly RequestedSource[]): number {
  const patterns = requested.filter(({ path, literal }) => !literal && hasGlob(path)).length;
  return Math.min(MAX_ROOTS, requested.length - patterns + patterns * MAX_PLAIN_ROOTS);
}

/**
 * Checks that a server offers only requested sources, under their own names.
 *
 * @throws {ProtocolError} code "unasked".
 */
export function checkOffered(
  offered: readonly WireSource[],
  requested: readonly RequestedSource[],
  { recursive, relative }: Pick<CopyRequest, "recursive" | "relative">,
): void {
  const seen = new Set<number>();
  const patterns = new Map<string, GlobPattern>();
  for (const { operand, name, kind, target } of offered) {
    const source = requested[operand];
    // Only the user chooses targets.
    if (source === undefined || target !== undefined || kind === "input" || (kind === "folder" && !recursive)) {
      throw unrequested();
    }
    const { path, literal } = source;
    if (relative) {
      // One directory for all operands that start in it.
      if (seen.has(operand) || name !== "." || kind !== "folder") throw unrequested();
      seen.add(operand);
    } else if (!literal && hasGlob(path)) {
      const pattern = patterns.get(path) ?? parseGlob(path);
      patterns.set(path, pattern);
      if (!matchesGlobName(pattern, name)) throw unrequested();
    } else {
      if (seen.has(operand) || !sourceNameOf(path, { tilde: !literal }).includes(name)) throw unrequested();
      seen.add(operand);
    }
  }
}

type Selection = Pick<CopyOptions, "request" | "sources" | "listed">;

/**
 * Checks that the paths that a copy selects below its sources are within the limit of both ends.
 *
 * @throws {UserError}
 */
export async function checkPaths(options: Selection): Promise<void> {
  const { listed, relative } = options.request;
  const paths = listed ? options.listed ?? [] : relative ? keptPaths(options) : [];
  // Few lists need the tree to count different names.
  let names = 0;
  for (const path of paths) for (let at = 0; at >= 0; at = path.indexOf("/", at + 1)) names++;
  if (names > MAX_PATH_NAMES) await ListedPaths.from(paths, { deep: true });
}

/** Returns the names directly in the target that a sender may write; undefined for all, as for patterns. */
export async function onlyNames(options: Selection): Promise<ReadonlySet<string> | undefined> {
  const { request: { listed, relative }, sources } = options;
  if (listed) return (await ListedPaths.from(options.listed ?? [], { deep: listed === "deep" })).names;
  if (!relative || sources.some(({ path, literal }) => !literal && /^~/.test(path))) return undefined;
  const { names } = await ListedPaths.from(keptPaths(options), { deep: true });
  const patterns = sources.some(({ literal }) => !literal) && [...names ?? []].some(hasGlob);
  return patterns ? undefined : names;
}

/** Returns the paths that sources keep in the target, with `relative`. */
function keptPaths({ sources }: Pick<Selection, "sources">): string[] {
  return sources.map(({ path }) => splitOperand(path, "posix").path);
}

/** Returns the sources with the targets of their own that the user requested. */
export function withTargets<T extends { operand: number }>(
  sources: readonly T[],
  requested: readonly RequestedSource[],
): (T & { target?: string })[] {
  return sources.map((source) => {
    const { target } = requested[source.operand];
    return target === undefined ? source : { ...source, target };
  });
}

function unrequested(): ProtocolError {
  return new ProtocolError("unasked", "Cannot accept an offered source: it was not requested");
}
