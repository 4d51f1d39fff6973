/** What a client accepts of the sources that a server offers. */

import { ProtocolError } from "../errors.ts";
import { matchesGlobName } from "../files/glob/match_path.ts";
import { type GlobPattern, hasGlob, parseGlob } from "../files/glob/pattern.ts";
import type { WireSource } from "../protocol/messages.ts";
import { sourceNameOf } from "./source_name.ts";

/**
 * A server may send what was asked for, under its own name, and nothing else.
 *
 * @param asked the operands, as typed.
 * @throws {ProtocolError} code "unasked".
 */
export function checkSources(asked: string[], recursive: boolean, offered: WireSource[]): void {
  const seen = new Set<number>();
  const patterns = new Map<string, GlobPattern>();
  for (const { operand, name, kind } of offered) {
    const source = asked[operand];
    if (source === undefined || kind === "input" || (kind === "folder" && !recursive)) throw unasked();
    if (hasGlob(source)) {
      const pattern = patterns.get(source) ?? parseGlob(source);
      patterns.set(source, pattern);
      if (!matchesGlobName(pattern, name)) throw unasked();
    } else {
      if (seen.has(operand) || !sourceNameOf(source).includes(name)) throw unasked();
      seen.add(operand);
    }
  }
}

function unasked(): ProtocolError {
  return new ProtocolError("unasked", "Cannot accept what the other side offers: it was not asked for");
}
