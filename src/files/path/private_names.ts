/**
 * The private namespace: all names that this and earlier versions of escp give to their own files in target directories.
 * No other file of such a name is sent or accepted, so that a tree cannot plant a file that a later run would use.
 */

import { FileError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { TargetRoot } from "../engine/target_root.ts";

/** Start of every private name. Files of a user may start with it too. */
export const PRIVATE_PREFIX = ".escp-";

/** Partial file of a large file: 32 random hexadecimal digits. */
const PARTIAL = /^\.escp-[0-9a-f]{32}\.part$/;
/** Temporary files and links, backups and unverified files (temporary_names.ts). */
const TEMPORARY = /^\.escp-[A-Za-z0-9]{1,64}-[0-9a-f]{8}-[0-9a-f]{8}\.part$/;
/** Partial files, journals, run logs and marks of earlier versions, named by a hash. */
const EARLIER = /^\.escp-[0-9a-f]{16}\.(?:part|journal|run|unfinished)$/;
/** Any private name, also on systems that ignore case. */
const ANY = new RegExp([PARTIAL, TEMPORARY, EARLIER].map(({ source }) => source).join("|"), "i");

const PREFIX_BYTES = new TextEncoder().encode(PRIVATE_PREFIX);
/** ASCII: an upper-case letter and its lower-case form differ in this bit. */
const CASE_BIT = 0x20;
const SLASH = 0x2f;
/** Code of the failure of a path with a private name. */
export const PRIVATE_NAME = "EPRIVATE";

/** Returns an unpredictable name for a partial file. */
export function newPartialName(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `${PRIVATE_PREFIX}${random.toHex()}.part`;
}

/** Returns whether a name is that of a partial file of this version. */
export function isPartialName(name: string): boolean {
  return PARTIAL.test(name);
}

/** Returns whether a whole name is that of a temporary file of any session. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Returns whether escp could use a name for its own files. */
export function isPrivateName(name: string): boolean {
  return name.startsWith(".") && ANY.test(name);
}

/** As `isPrivateName`, for bytes[start, end). Allocates nothing for a name with another start. */
export function isPrivateNameAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < PREFIX_BYTES.length) return false;
  for (let at = 0; at < PREFIX_BYTES.length; at++) {
    const byte = bytes[start + at];
    const isLetter = PREFIX_BYTES[at] >= 0x61;
    if ((isLetter ? byte | CASE_BIT : byte) !== PREFIX_BYTES[at]) return false;
  }
  return isPrivateName(decodeName(bytes.subarray(start, end)));
}

/** Returns whether a component of the path bytes[start, end) is a private name. */
export function hasPrivateComponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let from = start, to = start; to <= end; to++) {
    if (to < end && bytes[to] !== SLASH) continue;
    if (isPrivateNameAt(bytes, from, to)) return true;
    from = to + 1;
  }
  return false;
}

/** Returns whether the path bytes[start, end) below a root is refused because it contains a private name. */
export function isRefusedPath(root: TargetRoot | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (!root || root.kind === "device") return false;
  return root.refused === true || hasPrivateComponent(bytes, start, end);
}

/** Returns the failure of a path with a private name. */
export function privateName(operation: string, path: string): FileError {
  return new FileError(operation, path, "its name is reserved for the temporary files of escp", {
    code: PRIVATE_NAME,
    hint: "Rename it at the source, or remove it if an earlier copy left it there (escp --clean)",
  });
}
