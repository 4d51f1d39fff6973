/** What a client accepts of the sources that a server offers. */

import { ProtocolError } from "../errors.ts";
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
  for (const { operand, name, kind } of offered) {
    const source = asked[operand];
    const allowed = source !== undefined && !seen.has(operand) && sourceNameOf(source).includes(name) &&
      (kind === "file" || recursive);
    if (!allowed) {
      throw new ProtocolError("unasked", "Cannot accept what the other side offers: it was not asked for");
    }
    seen.add(operand);
  }
}
