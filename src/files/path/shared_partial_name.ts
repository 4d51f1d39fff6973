/** Names of partial files that the shards of a copy write together. */

import { createHash } from "node:crypto";
import { PRIVATE_PREFIX } from "./private_names.ts";

/** A split file, and how it is split. */
export interface SplitFile {
  /** Final name, without its directory. */
  name: Uint8Array;
  size: number;
  /** Modification time of the source: seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** Number of shards. */
  count: number;
  splitBytes: number;
}

/** Returns the name that all shards compute. Another version of the source has another name. */
export function sharedPartialName({ name, size, mtime, mtimeNs, count, splitBytes }: SplitFile): string {
  const hash = createHash("sha256").update(`escp shard 1 file\0${size} ${mtime} ${mtimeNs} ${count} ${splitBytes}\0`);
  return `${PRIVATE_PREFIX}${hash.update(name).digest("hex").slice(0, 32)}.part`;
}
