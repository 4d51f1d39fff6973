/**
 * Users and groups in access control lists (acl(5)). A list is the value of an extended attribute, in the format of Linux:
 * a version (4 bytes), then for each entry its tag (2), permissions (2) and user or group (4), all little-endian.
 */

import { encodeName } from "../names.ts";
import type { OwnerName } from "./owners.ts";
import { ACCESS_LIST, decodeXattrs, DEFAULT_LIST, encodeXattrs, type Xattr } from "./xattrs.ts";

/** Length of the version. */
export const LIST_HEADER_BYTES = 4;
/** Length of an entry. */
export const LIST_ENTRY_BYTES = 8;
/** Tags of entries: ACL_USER_OBJ, ACL_USER and so on. */
export const ListTag = {
  owner: 0x01,
  namedUser: 0x02,
  group: 0x04,
  namedGroup: 0x08,
  mask: 0x10,
  other: 0x20,
} as const;

const VERSION = 2;

/** Kind of an entry that names a user or group. */
type Kind = OwnerName["kind"];

/** An entry of a list. */
interface Entry {
  tag: number;
  permissions: number;
  id: number;
}

/** Calls `found` for each user and group that the lists of a checked block name. */
export function forEachListed(block: Uint8Array, found: (kind: Kind, id: number) => void): void {
  for (const attribute of decodeXattrs(block)) {
    for (const { tag, id } of entriesOf(attribute) ?? []) {
      const kind = kindOf(tag);
      if (kind) found(kind, id);
    }
  }
}

/**
 * Replaces the users and groups that the lists of a checked block name, in place. Entries of a user or group are merged if
 * several get the same number: the merged entry grants what each of them grants. The list keeps the order of acl(5).
 */
export function mapListed(block: Uint8Array, idOf: (kind: Kind, id: number) => number): void {
  let isMapped = false;
  const attributes = [...decodeXattrs(block)].map((attribute) => {
    const entries = entriesOf(attribute);
    isMapped ||= entries !== undefined;
    const value = entries ? encodeList(mapEntries(entries, idOf)) : attribute.value;
    return { name: encodeName(attribute.name), value };
  });
  if (!isMapped) return;
  // The lists are not longer than before. Zeros at the end take their room.
  const mapped = encodeXattrs(attributes)!;
  block.fill(0);
  block.set(mapped.subarray(0, block.length));
}

/** Returns the entries of a list; undefined for other attributes, and for a value that the system refuses. */
function entriesOf({ name, value }: Xattr): Entry[] | undefined {
  if (name !== ACCESS_LIST && name !== DEFAULT_LIST) return undefined;
  if (value.length < LIST_HEADER_BYTES || (value.length - LIST_HEADER_BYTES) % LIST_ENTRY_BYTES !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getUint32(0, true) !== VERSION) return undefined;
  const entries: Entry[] = [];
  for (let at = LIST_HEADER_BYTES; at < value.length; at += LIST_ENTRY_BYTES) {
    const [tag, permissions] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    entries.push({ tag, permissions, id: view.getUint32(at + 4, true) });
  }
  return entries;
}

function kindOf(tag: number): Kind | undefined {
  return tag === ListTag.namedUser ? "user" : tag === ListTag.namedGroup ? "group" : undefined;
}

/** Returns the entries with other numbers, ordered by tag and number. */
function mapEntries(entries: readonly Entry[], idOf: (kind: Kind, id: number) => number): Entry[] {
  const mapped = new Map<string, Entry>();
  for (const { tag, permissions, id } of entries) {
    const kind = kindOf(tag);
    const entry = { tag, permissions, id: kind ? idOf(kind, id) : id };
    const key = `${tag}:${entry.id}`;
    const other = mapped.get(key);
    if (other) other.permissions &= permissions;
    else mapped.set(key, entry);
  }
  return [...mapped.values()].sort((a, b) => a.tag - b.tag || a.id - b.id);
}

function encodeList(entries: readonly Entry[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(LIST_HEADER_BYTES + entries.length * LIST_ENTRY_BYTES));
  view.setUint32(0, VERSION, true);
  entries.forEach(({ tag, permissions, id }, index) => {
    const at = LIST_HEADER_BYTES + index * LIST_ENTRY_BYTES;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  });
  return new Uint8Array(view.buffer);
}
