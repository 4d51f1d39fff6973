/** Parsers of the objects that are parts of messages. All throw a ProtocolError "bad-message" for a wrong shape. */

import { ProtocolError } from "../../errors.ts";
import { MAX_HOSTNAME, MAX_OWNER_BYTES, MAX_PATH_TEXT, MAX_ROOTS, MAX_TREES, MAX_XATTRS_BYTES } from "../limits.ts";
import type { ByteRange, SummedRange } from "../data/range_sums.ts";
import { type OwnerName, problemOfOwner } from "../data/owners.ts";
import { DIGEST_KEY_BYTES } from "../data/signature.ts";
import { checkXattrs } from "../data/xattrs.ts";
import { parseWirePath } from "../wire_path.ts";
import {
  type DeletedEntry,
  type ItemizedEntry,
  type MessageOf,
  type OldFile,
  PLANNED_ACTIONS,
  type PlannedEntry,
  type RemovedEntry,
  type WireAttributes,
  type WireSource,
} from "./messages.ts";
import * as shape from "./shape.ts";

/** Length of the key of an old file, in bytes. */
const MAX_UINT32 = 2 ** 32 - 1;
/** Maximum length of a name, in UTF-16 units. Some file systems allow more than MAX_NAME_BYTES. */
const MAX_NAME_TEXT = 1024;

/** Parses the 32-bit integer of a field. */
export function uint32(fields: shape.Fields, name: string): number {
  return shape.whole(fields, name, 0, MAX_UINT32);
}

/** Parses an address of "reach". */
export function asPlace(value: unknown, name: string): MessageOf<"reach">["places"][number] {
  const fields = shape.asObject(value, name);
  return { hostname: shape.text(fields, "hostname", MAX_HOSTNAME), port: shape.whole(fields, "port", 1, 65_535) };
}

/** Parses an entry of "planned". */
export function asPlanned(value: unknown, name: string): PlannedEntry {
  const fields = shape.asObject(value, name);
  return {
    action: shape.oneOf(fields, "action", PLANNED_ACTIONS),
    path: shape.text(fields, "path", MAX_PATH_TEXT),
    bytes: shape.whole(fields, "bytes"),
  };
}

/** Parses an entry of "items". */
export function asItem(value: unknown, name: string): ItemizedEntry {
  const fields = shape.asObject(value, name);
  const item = shape.text(fields, "item", 11);
  if (!/^[.>ch][fdL][.+ cstTpog]{9}$/.test(item)) throw shape.badField(name, "a change");
  return {
    item,
    path: shape.text(fields, "path", MAX_PATH_TEXT),
    target: shape.optional(fields, "target", shape.text, MAX_PATH_TEXT),
  };
}

/** Parses an entry of "deleted". */
export function asDeleted(value: unknown, name: string): DeletedEntry {
  return { path: shape.text(shape.asObject(value, name), "path", MAX_PATH_TEXT) };
}

/** Parses an item of "names". */
export function asName(value: unknown, name: string): string {
  return shape.asText(value, name, MAX_NAME_TEXT);
}

/** Parses an item of "owners". */
export function asOwner(value: unknown, name: string): OwnerName {
  const fields = shape.asObject(value, name);
  const owner: OwnerName = {
    kind: shape.oneOf(fields, "kind", ["user", "group"]),
    id: shape.whole(fields, "id", 1, MAX_UINT32),
    name: shape.text(fields, "name", MAX_OWNER_BYTES),
  };
  const problem = problemOfOwner(owner.name);
  if (problem !== undefined) throw shape.badField(name, `an owner: ${problem}`);
  return owner;
}

/** Parses an entry of "removed". */
export function asRemoved(value: unknown, name: string): RemovedEntry {
  const fields = shape.asObject(value, name);
  return { path: shape.text(fields, "path", MAX_PATH_TEXT), bytes: shape.whole(fields, "bytes") };
}

function asTree(value: unknown, name: string): { dev: number; inode: number } {
  const fields = shape.asObject(value, name);
  return { dev: shape.whole(fields, "dev"), inode: shape.whole(fields, "inode") };
}

/** Parses an item of "sources". @throws {ProtocolError} also with code "bad-path". */
export function asSource(value: unknown, name: string): WireSource {
  const fields = shape.asObject(value, name);
  return {
    operand: shape.whole(fields, "operand", 0, MAX_ROOTS),
    name: parseSourceName(shape.text(fields, "name", MAX_NAME_TEXT)),
    kind: shape.oneOf(fields, "kind", ["file", "folder", "input"]),
    dev: shape.whole(fields, "dev"),
    inode: shape.whole(fields, "inode"),
    trees: shape.optional(fields, "trees", shape.list<{ dev: number; inode: number }>, MAX_TREES, asTree),
    target: shape.optional(fields, "target", shape.text, MAX_PATH_TEXT),
  };
}

/** Checks that the name of a source is one component, or "." for the contents of a directory. */
function parseSourceName(name: string): string {
  if (name === ".") return name;
  if (name.includes("/") || name === "") {
    throw new ProtocolError("bad-path", "Cannot accept a source from the peer: its name is not one component");
  }
  return parseWirePath(name);
}

/** Parses an item of `missing` in "opened". */
export function asRange(value: unknown, name: string): ByteRange {
  if (Array.isArray(value)) throw shape.badField(name, "a range");
  const fields = shape.asObject(value, name);
  const start = shape.whole(fields, "start");
  return { start, end: shape.whole(fields, "end", start) };
}

/** Parses an item of `kept` in "opened". */
export function asSummedRange(value: unknown, name: string): SummedRange {
  return { ...asRange(value, name), crc32: uint32(shape.asObject(value, name), "crc32") };
}

/** Parses `delta` of "opened". */
export function parseOldFile(opened: shape.Fields, name: string): OldFile {
  const fields = shape.asObject(opened[name], name);
  return {
    size: shape.whole(fields, "size", 1),
    key: shape.bytes(fields, "key", DIGEST_KEY_BYTES),
    inPlace: shape.optional(fields, "inPlace", shape.flag),
  };
}

/** Returns the fields of `delta` in "opened". */
export function formatOldFile({ key, ...fields }: OldFile): shape.Fields {
  return { ...fields, key: key.toBase64() };
}

/** Parses `attributes` of "open". */
export function asAttributes(value: unknown): WireAttributes {
  const fields = shape.asObject(value, "attributes");
  const seconds = (name: string) => shape.whole(fields, name, -(2 ** 53 - 1));
  const nanoseconds = (name: string) => shape.whole(fields, name, 0, 999_999_999);
  return {
    mode: shape.whole(fields, "mode", 0, 0o7777),
    uid: uint32(fields, "uid"),
    gid: uint32(fields, "gid"),
    mtime: seconds("mtime"),
    mtimeNs: nanoseconds("mtimeNs"),
    atime: seconds("atime"),
    atimeNs: nanoseconds("atimeNs"),
  };
}

/** Parses a block of extended attributes. @throws {ProtocolError} also with code "bad-record". */
export function xattrBlock(fields: shape.Fields, name: string): Uint8Array<ArrayBuffer> {
  const block = shape.base64(fields, name, MAX_XATTRS_BYTES);
  checkXattrs(block);
  return block;
}
