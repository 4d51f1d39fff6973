/** Permissions that access control lists grant. */

import { LIST_ENTRY_BYTES, LIST_HEADER_BYTES, ListTag } from "../../protocol/data/access_lists.ts";

/** Returns the permission bits of open(2) or mkdir(2) that a default list grants to a new file or directory. */
export function defaultListModes(list: DataView, bytes: number): number {
  const owner = permissionsOf(list, bytes, ListTag.owner) ?? 7;
  const group = permissionsOf(list, bytes, ListTag.mask) ?? permissionsOf(list, bytes, ListTag.group) ?? 7;
  const other = permissionsOf(list, bytes, ListTag.other) ?? 7;
  return (owner << 6) | (group << 3) | other;
}

/** Returns the mode of a file that loses its list: the group gets its own permissions, and not those of the mask. */
export function modeWithoutList(mode: number, list: DataView, bytes: number): number {
  const group = permissionsOf(list, bytes, ListTag.group) ?? 0;
  const mask = permissionsOf(list, bytes, ListTag.mask) ?? 7;
  return (mode & ~0o070) | ((group & mask) << 3);
}

function permissionsOf(list: DataView, bytes: number, tag: number): number | undefined {
  for (let at = LIST_HEADER_BYTES; at + LIST_ENTRY_BYTES <= bytes; at += LIST_ENTRY_BYTES) {
    if (list.getUint16(at, true) === tag) return list.getUint16(at + 2, true) & 7;
  }
  return undefined;
}
