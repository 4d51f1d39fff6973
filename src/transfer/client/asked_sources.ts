/** What a client accepts of the sources that a server offers. */

import { ProtocolError } from "../../errors.ts";
import { matchesGlobName } from "../../files/glob/match_path.ts";
import { type GlobPattern, hasGlob, parseGlob } from "../../files/glob/pattern.ts";
import { MAX_PLAIN_ROOTS, MAX_ROOTS } from "../../protocol/limits.ts";
import type { WireSource } from "../../protocol/control/messages.ts";
import { sourceNameOf } from "../send/source_names.ts";
import type { RequestedSource } from "../requested_sources.ts";

/** A source as the user named it. */
export interface AskedSource extends RequestedSource {
  /** Its own target on the receiving side, as written (without the host); left out: that of all sources. */
  readonly target?: string;
}

/** Whether single sources have targets of their own. */
export function haveTargets(sources: readonly AskedSource[]): boolean {
  return sources.some(({ target }) => target !== undefined);
}

/** Returns the maximum number of sources that a server may offer: one per operand, and more for a pattern. */
export function mostOffered(asked: readonly AskedSource[]): number {
  const patterns = asked.filter(({ path, literal }) => !literal && hasGlob(path)).length;
  return Math.min(MAX_ROOTS, asked.length - patterns + patterns * MAX_PLAIN_ROOTS);
}

/**
 * A server may send what was asked for, under its own name, and nothing else.
 *
 * @throws {ProtocolError} code "unasked".
 */
export function checkSources(asked: readonly AskedSource[], recursive: boolean, offered: WireSource[]): void {
  const seen = new Set<number>();
  const patterns = new Map<string, GlobPattern>();
  for (const { operand, name, kind, target } of offered) {
    const source = asked[operand];
    // Where it goes is not for a server to say.
    if (source === undefined || target !== undefined || kind === "input" || (kind === "folder" && !recursive)) {
      throw unasked();
    }
    const { path, literal } = source;
    if (!literal && hasGlob(path)) {
      const pattern = patterns.get(path) ?? parseGlob(path);
      patterns.set(path, pattern);
      if (!matchesGlobName(pattern, name)) throw unasked();
    } else {
      if (seen.has(operand) || !sourceNameOf(path, { tilde: !literal }).includes(name)) throw unasked();
      seen.add(operand);
    }
  }
}

/** The sources with their own targets, where they have such. */
export function withTargets<T extends { operand: number }>(
  sources: readonly T[],
  asked: readonly AskedSource[],
): (T & { target?: string })[] {
  return sources.map((source) => {
    const { target } = asked[source.operand];
    return target === undefined ? source : { ...source, target };
  });
}

function unasked(): ProtocolError {
  return new ProtocolError("unasked", "Cannot accept what the other side offers: it was not asked for");
}
