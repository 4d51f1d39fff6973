/** Counts the metadata operations of a copy by N shards. */

/** A tree on a file system that all nodes share. */
export interface Tree {
  files: number;
  directories: number;
  /** Mean length of a name. In bytes. */
  nameBytes: number;
}

/** Operations of all shards together. */
export interface Operations {
  /** Names that all shards list. */
  listedNames: number;
  /** Calls of getdents64, each with a buffer of 64 KiB, and at least two per directory. */
  listCalls: number;
  /** Times that a directory is opened. */
  openedDirectories: number;
  /** Files that are examined (statx) at the source by the shards that copy them, with `--shard-split 0`. */
  examined: number;
  /** The same if each shard examines all files, to find those that are split. */
  examinedByAll: number;
}

/** Size of `struct linux_dirent64` without the name, and its alignment (getdents(2)). */
const ENTRY_BYTES = 19;
const ENTRY_ALIGNMENT = 8;
const BUFFER_BYTES = 64 << 10;

/** Counts the operations of a copy to an empty target. */
export function countOperations({ files, directories, nameBytes }: Tree, shards: number): Operations {
  const entryBytes = Math.ceil((ENTRY_BYTES + nameBytes + 1) / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT;
  const entries = (files + directories) / directories;
  // The last call returns no entry.
  const calls = Math.ceil(entries / Math.floor(BUFFER_BYTES / entryBytes)) + 1;
  return {
    listedNames: (files + directories) * shards,
    listCalls: directories * calls * shards,
    openedDirectories: directories * shards,
    examined: files,
    examinedByAll: files * shards,
  };
}
