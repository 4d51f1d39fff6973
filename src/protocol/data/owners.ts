/** Names of users and groups at the sender. Layout: WIRE_FORMAT.md, "Owners". */

import { ProtocolError } from "../../errors.ts";
import { MAX_OWNER_BYTES } from "../limits.ts";
import { decodeName, encodeName } from "../names.ts";

/** The name of a user or group. */
export interface OwnerName {
  kind: "user" | "group";
  /** Number at the sender, 1 to 2**32 - 1. */
  id: number;
  /** 1 to MAX_OWNER_BYTES bytes, without NUL. */
  name: string;
}

const KINDS = ["user", "group"] as const;
/** Kind, length of the name, two zeros, number. */
const HEADER_BYTES = 8;

/** Returns the length of an entry, in bytes. */
export function ownerBytes({ name }: OwnerName): number {
  return HEADER_BYTES + encodeName(name).length;
}

/** Returns why a name cannot be sent or accepted; undefined if it can. */
export function problemOfOwner(name: string): string | undefined {
  const { length } = encodeName(name);
  if (length === 0 || length > MAX_OWNER_BYTES) return `its name has ${length} bytes`;
  return name.includes("\0") ? "its name contains NUL" : undefined;
}

/** Writes an entry to bytes[at...]. @returns the offset after it. */
export function writeOwner(bytes: Uint8Array, view: DataView, at: number, { kind, id, name }: OwnerName): number {
  const encoded = encodeName(name);
  view.setUint8(at, KINDS.indexOf(kind));
  view.setUint8(at + 1, encoded.length);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, id, true);
  bytes.set(encoded, at + HEADER_BYTES);
  return at + HEADER_BYTES + encoded.length;
}

/** Reads the entries in the payload bytes[at, end). @throws {ProtocolError} code "bad-record". */
export function readOwners(bytes: Uint8Array, view: DataView, at: number, end: number): OwnerName[] {
  const owners: OwnerName[] = [];
  while (at < end) {
    if (end - at < HEADER_BYTES) throw badOwner("it is truncated");
    const kind = KINDS[view.getUint8(at)];
    const nameEnd = at + HEADER_BYTES + view.getUint8(at + 1);
    if (!kind) throw badOwner("its kind is unknown");
    if (nameEnd > end) throw badOwner("its name is truncated");
    const id = view.getUint32(at + 4, true);
    const name = decodeName(bytes.subarray(at + HEADER_BYTES, nameEnd));
    const problem = id === 0 ? "its number is 0" : problemOfOwner(name);
    if (problem !== undefined) throw badOwner(problem);
    owners.push({ kind, id, name });
    at = nameEnd;
  }
  return owners;
}

function badOwner(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read an owner from the peer: ${problem}`);
}
