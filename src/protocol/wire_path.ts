/**
 * Names and paths from the peer. Only these checks can make a `WirePath`, so other code need not check for "..",
 * absolute paths or NUL.
 */

import { ProtocolError } from "../errors.ts";
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from "./limits.ts";
import { encodeName } from "./names.ts";

declare const checked: unique symbol;

/** A relative path from the peer that stays below its root. The root itself is "". */
export type WirePath = string & { readonly [checked]: true };

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Checks a path from the peer: relative, components separated by single "/", none of them empty, "." or "..", no NUL.
 *
 * @throws {ProtocolError} code "bad-path".
 */
export function parseWirePath(text: string): WirePath {
  const bytes = encodeName(text);
  checkPath(bytes, 0, bytes.length);
  return text as WirePath;
}

/** Checks the path in bytes[start, end) as `parseWirePath` does. */
export function checkPath(bytes: Uint8Array, start: number, end: number): void {
  if (end === start) return;
  if (end - start > MAX_PATH_BYTES) throw badPath(`is ${end - start} bytes long`);
  // indexOf has no end argument: it would search the rest of the frame for each path.
  for (let from = start, to = start; to <= end; to++) {
    if (to < end && bytes[to] !== SLASH) continue;
    checkName(bytes, from, to);
    from = to + 1;
  }
}

/**
 * Checks that bytes[start, end) is one component: 1 to 255 bytes, not "." or "..", no "/", no NUL.
 *
 * @throws {ProtocolError} code "bad-path".
 */
export function checkName(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length === 0) throw badPath("has an empty component");
  if (length > MAX_NAME_BYTES) throw badPath(`has a component of ${length} bytes`);
  if (bytes[start] === DOT && (length === 1 || (length === 2 && bytes[start + 1] === DOT))) {
    throw badPath(`has a component "${length === 1 ? "." : ".."}"`);
  }
  for (let at = start; at < end; at++) {
    if (bytes[at] === 0) throw badPath("contains a NUL byte");
    if (bytes[at] === SLASH) throw badPath('contains "/" inside a name');
  }
}

function badPath(problem: string): ProtocolError {
  return new ProtocolError("bad-path", `Cannot accept a path from the peer: it ${problem}`);
}
