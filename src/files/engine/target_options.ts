/** Options for writing target files. */

import type { FileIdentity } from "../stat/file_identity.ts";
import type { FilterRule } from "../walk/filter.ts";

export interface TargetOptions {
  /** Whether mode, owner and times are copied from the source. */
  preserve: boolean;
  /** Whether modification times are copied from the source even without `preserve`. Default: false. */
  keepTimes?: boolean;
  /** Permission bits removed without `preserve`: the umask of this process. */
  umask: number;
  /** Mode of new directories whose attributes the sender did not send, before the umask. Default: 0777. */
  defaultDirectoryMode?: number;
  /** Whether extended attributes from the sender are set. Needs `loadXattrs`. Default: false. */
  xattrs?: boolean;
  /** Whether access control lists are copied from the source, with `preserve` only. Needs `loadXattrs`. Default: false. */
  acls?: boolean;
  /** Whether the sender removes its files afterwards, so that a target must not be its source. Default: false. */
  moves?: boolean;
  /** Letters and digits of this session, for temporary names. */
  token: string;
  /** Whether existing files are written in place, unless backups are kept. Default: false. */
  inplace?: boolean;
  /** Whether pages of zeros become holes. Default: false. */
  sparse?: boolean;
  /** Whether large files may bypass the page cache. Default: false. */
  direct?: boolean;
  /** Whether a file is flushed to disk before it gets its final name. Default: false. */
  fsync?: boolean;
  /** Whether the status of written files is returned. Default: false. */
  statAfterWrite?: boolean;
  /**
   * Whether replaced files and links are backed up until a `TargetComparer` drops or restores the backup. A file system
   * without hard links has no backups. Default: false.
   */
  keepBackups?: boolean;
  /** Keeps the files and links that are replaced. Default: they are removed. */
  backup?: BackupNaming;
  /**
   * Whether the sender offers local copies: then the bytes of a partial file that an earlier copy left can be compared
   * with the source. Default: false.
   */
  localCopy?: boolean;
  /**
   * If set, a directory of the source replaces another entry of its name, and a file or link of the source replaces a
   * directory with its contents. Default: such an entry fails.
   */
  replaces?: ReplacedKinds;
  /**
   * Memory of the links that this process has created (`createdLinks`). If set, another symbolic link to a directory is used
   * as that directory, if the link can be trusted (directory_links.ts). Default: no link is followed.
   */
  dirlinks?: SharedArrayBuffer;
}

/** Entries that stay when a directory is replaced. Plain data: may be posted to a Worker. */
export interface ReplacedKinds {
  /** Rules that exclude paths relative to the root. */
  filters: FilterRule[];
  /** Sources on this machine. */
  sources: FileIdentity[];
}

/** Names of the files that the user wants to keep (`--backup`). */
export interface BackupNaming {
  /** Is appended to the name of a replaced file. May be empty with `elsewhere`. */
  suffix: string;
  /** Whether backups go to the `backups` of their roots instead of the directories of their files. */
  elsewhere: boolean;
}
