/** How much a file system can still take, out of what statfs(2) says. */

/** Fields of struct statfs: sizes in blocks of `bsize` bytes. */
export interface FileSystemStat {
  type: number;
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
}

/** Those that may write a file in less bytes than it has: btrfs, zfs, bcachefs (linux/magic.h). */
const COMPRESSING = [0x9123683e, 0x2fc12fc1, 0xca451a4e];

/** Bytes, undefined where that cannot be told. @param isRoot whether what is kept for root counts. */
export function spaceOf(stat: FileSystemStat, isRoot: boolean): number | undefined {
  // Some network file systems know nothing and say 0; a negative type was cut to 32 bits.
  if (stat.blocks === 0 || COMPRESSING.includes(stat.type % 2 ** 32)) return undefined;
  return (isRoot ? stat.bfree : stat.bavail) * stat.bsize;
}
