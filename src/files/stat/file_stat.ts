/** What is known of a file: its kind, size, times, owner and identity, as plain numbers in an object that is reused. */

/** The kinds that make a difference here: the upper bits of st_mode (inode(7)). */
export const FileKind = {
  fifo: 0o010000,
  charDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** What the receiver may give a file besides its contents. */
export interface Attributes {
  /** Permissions, 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since 1970. */
  mtime: number;
  /** 0 to 999,999,999. */
  mtimeNs: number;
  atime: number;
  atimeNs: number;
}

/** When a file was changed last. */
export interface ChangeTimes {
  /** Its contents; whoever owns the file can set this to anything. Whole seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /**
   * Its contents or anything else of it: the system's own note, which nobody sets back. 0 where there is none. The
   * portable engine learns of whole seconds only.
   */
  ctime: number;
  ctimeNs: number;
}

/** Attributes and the rest of stat(2). */
export class FileStat implements Attributes {
  /** One of `FileKind`, 0 when nothing is known. */
  kind = 0;
  mode = 0;
  uid = 0;
  gid = 0;
  size = 0;
  mtime = 0;
  mtimeNs = 0;
  atime = 0;
  atimeNs = 0;
  ctime = 0;
  ctimeNs = 0;
  links = 1;
  /** As st_dev. */
  dev = 0;
  /** As st_ino; not exact above 2**53, 0 where the system has none. */
  inode = 0;
  /** Lower 32 bits of the inode, exact. */
  inodeLow = 0;

  /** Only what a receiver may have, as plain data. */
  attributes(): Attributes {
    const { mode, uid, gid, mtime, mtimeNs, atime, atimeNs } = this;
    return { mode, uid, gid, mtime, mtimeNs, atime, atimeNs };
  }

  changeTimes(): ChangeTimes {
    const { mtime, mtimeNs, ctime, ctimeNs } = this;
    return { mtime, mtimeNs, ctime, ctimeNs };
  }
}

/** What a thing is called that is neither file nor directory nor link. */
export function kindName(kind: number): string {
  switch (kind) {
    case FileKind.fifo:
      return "FIFO";
    case FileKind.socket:
      return "socket";
    case FileKind.charDevice:
    case FileKind.blockDevice:
      return "device";
    default:
      return "special file";
  }
}

/**
 * How a file of a known size looks to stat(2). Any later write to it, and any other file in its place, looks different. Of
 * times the lower 32 bits of the seconds are looked at.
 */
export interface FileStatSnapshot {
  /** Seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** Not exact above 2**53. */
  inode: number;
  /** Its lower 32 bits, exact. */
  inodeLow: number;
}
