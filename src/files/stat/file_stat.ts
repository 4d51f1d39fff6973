/** Status of a file: its kind, size, times, owner and identity, as plain numbers in a reused object. */

/** Kinds of files: the S_IFMT bits of st_mode (inode(7)). */
export const FileKind = {
  fifo: 0o010000,
  charDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** Attributes that a copy can preserve. */
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

/** Times of the last change of a file. */
export interface ChangeTimes {
  /** Change of the contents; the owner can set it to any time. Whole seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /**
   * Change of contents or attributes: set by the system only. 0 if the system has none. The portable engine gets whole
   * seconds only.
   */
  ctime: number;
  ctimeNs: number;
}

/** Result of stat(2). */
export class FileStat implements Attributes {
  /** One of `FileKind`; 0 if unknown. */
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
  /** As st_ino; not exact above 2**53, 0 if the system has none. */
  inode = 0;
  /** Lower 32 bits of the inode, exact. */
  inodeLow = 0;

  /** Returns the attributes that are sent to a receiver, as plain data. */
  attributes(): Attributes {
    const { mode, uid, gid, mtime, mtimeNs, atime, atimeNs } = this;
    return { mode, uid, gid, mtime, mtimeNs, atime, atimeNs };
  }

  /** Returns the times by which a later change is detected, as plain data. */
  changeTimes(): ChangeTimes {
    const { mtime, mtimeNs, ctime, ctimeNs } = this;
    return { mtime, mtimeNs, ctime, ctimeNs };
  }
}

/** Returns the name of a kind of special file, for messages. */
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
 * Status of a file of a known size. It differs after any later write, and for any other file of the same name. Of times,
 * the lower 32 bits of the seconds are compared.
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
