/**
 * Extended attributes of one path as a block of bytes: after the name in a record, or in base64 in the message "open".
 * Layout: WIRE_FORMAT.md, "Extended attributes".
 */

import { ProtocolError } from "../../errors.ts";
import { alignUp } from "./alignment.ts";
import { MAX_NAME_BYTES, MAX_XATTR_VALUE_BYTES, MAX_XATTRS_BYTES } from "../limits.ts";
import { decodeName } from "../names.ts";

/** One extended attribute. */
export interface Xattr {
  /** Name with its namespace, such as "user.comment". Bytes that are not UTF-8 are escaped as in file names. */
  name: string;
  /** Value of at most MAX_XATTR_VALUE_BYTES. */
  value: Uint8Array;
}

/** The access control list of a file or directory (acl(5)). */
export const ACCESS_LIST = "system.posix_acl_access";
/** The default access control list of a directory, which new entries inherit (acl(5)). */
export const DEFAULT_LIST = "system.posix_acl_default";

const NAMESPACES = ["user.", "trusted.", "security."];
const HEADER_BYTES = 6;

/** Returns whether any sender may send an attribute of this name. */
export function isKnownXattr(name: string): boolean {
  return name === ACCESS_LIST || name === DEFAULT_LIST || NAMESPACES.some((space) => name.startsWith(space));
}

/**
 * Encodes attributes as a block, whose length is a multiple of 64.
 *
 * @returns undefined if they take more than MAX_XATTRS_BYTES.
 */
export function encodeXattrs(list: { name: Uint8Array; value: Uint8Array }[]): Uint8Array<ArrayBuffer> | undefined {
  const length = list.reduce((sum, { name, value }) => sum + HEADER_BYTES + name.length + value.length, 0);
  if (length > MAX_XATTRS_BYTES) return undefined;
  const block = new Uint8Array(alignUp(length));
  const view = new DataView(block.buffer);
  let at = 0;
  for (const { name, value } of list) {
    view.setUint16(at, name.length, true);
    view.setUint32(at + 2, value.length, true);
    block.set(name, at + HEADER_BYTES);
    block.set(value, at + HEADER_BYTES + name.length);
    at += HEADER_BYTES + name.length + value.length;
  }
  return block;
}

/** Yields the attributes of a block. @throws {ProtocolError} code "bad-record". */
export function* decodeXattrs(block: Uint8Array): Generator<Xattr, void> {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  for (let at = 0; at + HEADER_BYTES <= block.length;) {
    const nameBytes = view.getUint16(at, true);
    const valueBytes = view.getUint32(at + 2, true);
    if (nameBytes === 0) return;
    const nameStart = at + HEADER_BYTES;
    const valueStart = nameStart + nameBytes;
    if (nameBytes > MAX_NAME_BYTES) throw badXattr(`its name has ${nameBytes} bytes`);
    if (valueBytes > MAX_XATTR_VALUE_BYTES) throw badXattr(`its value has ${valueBytes} bytes`);
    at = valueStart + valueBytes;
    if (at > block.length) throw badXattr("it is truncated");
    const name = block.subarray(nameStart, valueStart);
    if (name.includes(0)) throw badXattr("its name contains a NUL byte");
    const text = decodeName(name);
    if (!isKnownXattr(text)) throw badXattr("its namespace is unknown");
    yield { name: text, value: block.subarray(valueStart, at) };
  }
}

/** Checks a block from the peer. @throws {ProtocolError} code "bad-record". */
export function checkXattrs(block: Uint8Array): void {
  for (const _ of decodeXattrs(block));
}

function badXattr(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read an extended attribute from the peer: ${problem}`);
}

/** Removes an attribute from a checked block, in place. Zeros at the end take its room. */
export function dropXattr(block: Uint8Array, name: string): void {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  for (let at = 0; at + HEADER_BYTES <= block.length;) {
    const nameBytes = view.getUint16(at, true);
    if (nameBytes === 0) return;
    const valueAt = at + HEADER_BYTES + nameBytes;
    const end = valueAt + view.getUint32(at + 2, true);
    if (decodeName(block.subarray(at + HEADER_BYTES, valueAt)) !== name) at = end;
    else {
      block.copyWithin(at, end);
      block.fill(0, block.length - (end - at));
    }
  }
}
