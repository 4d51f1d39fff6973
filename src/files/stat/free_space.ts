/** Free space of a file system, from statfs(2). */

/** Fields of struct statfs: sizes in blocks of `bsize` bytes. */
export interface FileSystemStat {
  type: number;
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
}

/** File systems that may compress: btrfs, zfs, bcachefs (linux/magic.h). */
const COMPRESSING = [0x9123683e, 0x2fc12fc1, 0xca451a4e];

/** Returns the free bytes; undefined if unknown. @param isRoot Whether space reserved for root counts. */
export function spaceOf(stat: FileSystemStat, isRoot: boolean): number | undefined {
  // Some network file systems report 0 for unknown. A negative type is one of 32 bits.
  if (stat.blocks === 0 || COMPRESSING.includes(stat.type % 2 ** 32)) return undefined;
  return (isRoot ? stat.bfree : stat.bavail) * stat.bsize;
}
