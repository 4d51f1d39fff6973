/**
 * The private namespace: all names that escp gives to files in target directories, in this version and earlier ones. No
 * other file of these names is sent or accepted, so that a tree cannot plant what a later run takes for its own.
 */

import { FileError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { TargetRoot } from "../engine/target_root.ts";

/** Every private name begins so. A user's own file may too. */
export const PRIVATE_PREFIX = ".escp-";

/** The partial file of a large file: 32 random hexadecimal digits. */
const PARTIAL = /^\.escp-[0-9a-f]{32}\.part$/;
/** Small files on their way, links on their way, backups and unverified files (temporary_name.ts). */
const TEMPORARY = /^\.escp-[A-Za-z0-9]{1,64}-[0-9a-f]{8}-[0-9a-f]{8}\.part$/;
/** Partial files, journals, run logs and marks of earlier versions: named by a hash. */
const EARLIER = /^\.escp-[0-9a-f]{16}\.(?:part|journal|run|unfinished)$/;
/** All of them, where case does not count too. */
const ANY = new RegExp([PARTIAL, TEMPORARY, EARLIER].map(({ source }) => source).join("|"), "i");

const PREFIX_BYTES = new TextEncoder().encode(PRIVATE_PREFIX);
/** ASCII: an upper-case letter and its lower-case form differ in this bit. */
const CASE_BIT = 0x20;
const SLASH = 0x2f;
/** The code of the failure. */
export const PRIVATE_NAME = "EPRIVATE";

/** Returns a name for a partial file that nobody can foretell. */
export function newPartialName(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `${PRIVATE_PREFIX}${random.toHex()}.part`;
}

/** Whether this is the name of a partial file of this version. */
export function isPartialName(name: string): boolean {
  return PARTIAL.test(name);
}

/** Whether this is the name of a temporary file of any session: all of it, not only its beginning and end. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Whether escp could give this name to a file of its own. */
export function isPrivateName(name: string): boolean {
  return ANY.test(name);
}

/** As `isPrivateName`, for bytes[start, end). Allocates nothing for a name with another beginning. */
export function isPrivateNameAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < PREFIX_BYTES.length) return false;
  for (let at = 0; at < PREFIX_BYTES.length; at++) {
    const byte = bytes[start + at];
    const isLetter = PREFIX_BYTES[at] >= 0x61;
    if ((isLetter ? byte | CASE_BIT : byte) !== PREFIX_BYTES[at]) return false;
  }
  return isPrivateName(decodeName(bytes.subarray(start, end)));
}

/** Whether a component of the path bytes[start, end) is a private name. */
export function hasPrivateComponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let from = start, to = start; to <= end; to++) {
    if (to < end && bytes[to] !== SLASH) continue;
    if (isPrivateNameAt(bytes, from, to)) return true;
    from = to + 1;
  }
  return false;
}

/** Whether the path bytes[start, end) below this root must not be written, because a name in it is private. */
export function isRefusedPath(root: TargetRoot | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (!root || root.kind === "device") return false;
  return root.refused === true || hasPrivateComponent(bytes, start, end);
}

/** The failure of a path with a private name. */
export function privateName(act: string, path: string): FileError {
  return new FileError(act, path, "its name is reserved for the temporary files of escp", {
    code: PRIVATE_NAME,
    hint: "Rename it at the source, or remove it if an earlier copy left it there (escp --clean)",
  });
}
