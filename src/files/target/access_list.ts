/**
 * Access control lists (acl(5)) as the system keeps them in an extended attribute: a version, then for each entry its tag
 * (2 bytes), permissions (2) and user or group (4), all little-endian.
 */

const HEADER_BYTES = 4;
const ENTRY_BYTES = 8;
/** Tags: ACL_USER_OBJ and so on. */
const Tag = { owner: 0x01, group: 0x04, mask: 0x10, other: 0x20 } as const;

/** Returns the permission bits of open(2) or mkdir(2) that a default list grants to a new file or directory. */
export function defaultListModes(list: DataView, bytes: number): number {
  const owner = permissionsOf(list, bytes, Tag.owner) ?? 7;
  const group = permissionsOf(list, bytes, Tag.mask) ?? permissionsOf(list, bytes, Tag.group) ?? 7;
  const other = permissionsOf(list, bytes, Tag.other) ?? 7;
  return (owner << 6) | (group << 3) | other;
}

/** Returns the mode of a file that loses its list: the group gets its own permissions, and not those of the mask. */
export function modeWithoutList(mode: number, list: DataView, bytes: number): number {
  const group = permissionsOf(list, bytes, Tag.group) ?? 0;
  const mask = permissionsOf(list, bytes, Tag.mask) ?? 7;
  return (mode & ~0o070) | ((group & mask) << 3);
}

function permissionsOf(list: DataView, bytes: number, tag: number): number | undefined {
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= bytes; at += ENTRY_BYTES) {
    if (list.getUint16(at, true) === tag) return list.getUint16(at + 2, true) & 7;
  }
  return undefined;
}
