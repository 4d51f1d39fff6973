/** The message "open", which announces a large file to the receiver. */

import { fileVersion, isFreshChange } from "../../files/stat/file_change.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { RangedItem } from "../../streams/unit.ts";

/** Fields of the message that the item does not have. */
export type AnnouncedAs = Pick<MessageOf<"open">, "file" | "identity" | "delta">;

/** Returns the message that announces a file. */
export function announcementOf(item: RangedItem, { file, identity, delta }: AnnouncedAs): MessageOf<"open"> {
  const { size, root, attributes, xattrs, range, joined } = item;
  // The walk of this end makes only paths that a receiver accepts.
  const path = item.path as MessageOf<"open">["path"];
  const version = isPart(item) || identity !== undefined ? versionOf(item) : undefined;
  const same = { identity, version, ...nodeOf(item) };
  return { type: "open", file, root, path, size, attributes, xattrs, ...same, delta, range, joined };
}

/**
 * Returns a text that identifies the contents of the source in this and every later run. It contains the time of the last
 * change, because the modification time can be set back. A file that was written a moment ago could be written again within
 * the same time, so it has no identity.
 */
export function contentIdentityOf({ times, identity: { dev, inode } }: RangedItem): string | undefined {
  return isFreshChange(times, Date.now()) ? undefined : `${dev}:${inode}:${times.ctime}.${times.ctimeNs}`;
}

/** Returns whether shards send the file in parts. */
export function isPart({ range, joined }: RangedItem): boolean {
  return range !== undefined || joined === true;
}

/** Returns the version of a file, as in its record. */
export function versionOf({ identity, times }: RangedItem): number {
  return fileVersion({ ...identity, ...times });
}

/** Returns device and inode of a file, if the wire can carry them: it has exact integers only. */
function nodeOf({ identity: { dev, inode } }: RangedItem): { dev?: number; inode?: number } {
  return Number.isSafeInteger(dev) && Number.isSafeInteger(inode) ? { dev, inode } : {};
}
