/** Targets of the roots of a copy. */

import type { FileIdentity } from "../stat/file_identity.ts";

/** Target of one root. Plain data: may be posted to a Worker. */
export type TargetRoot = DirectoryRoot | FileRoot | DeviceRoot;

/** A directory of backups that the user named. The backup of a file of a root has the path of the file below it. */
export interface BackupPlace {
  /** Absolute path of a directory that exists, without symbolic links. */
  directory: string;
  identity: FileIdentity;
  /** As in `SourceRoot`. */
  within?: string;
  /** Path of the directory of the root, relative to `directory`. Missing directories of it are created. */
  below: string;
}

/** A directory whose unchanged files become files of the target, as hard links. */
export interface LinkDestination {
  /** Absolute path of the directory that corresponds to that of the root, without symbolic links. */
  directory: string;
  identity: FileIdentity;
  /** As in `SourceRoot`. */
  within?: string;
}

/** Fields of the targets of directories and files. */
interface WrittenRoot {
  /** Whether the target has a private name, so that each entry of it fails. Default: false. */
  refused?: boolean;
  /** Whether the target is the source itself, so that nothing is written. Default: false. */
  same?: boolean;
  /** Absolute paths of the directories to create above the target, from the top. Default: none. */
  missing?: string[];
  /** As in `SourceRoot`. */
  within?: string;
  /** Where backups go with `--backup-dir`; undefined if the target did not exist when the copy was planned. */
  backups?: BackupPlace;
  /** Directories of `--link-dest` that exist, the first choice first. Default: none. */
  linkDestinations?: LinkDestination[];
  /** Identifies the directory that contents are written to. Nothing is written to another directory under the same path. */
  identity?: FileIdentity;
}

/** A directory that exists, or that this copy creates. */
interface DirectoryRoot extends WrittenRoot {
  kind: "folder";
  path: string;
  /** Whether this copy creates the directory, or an interrupted copy has created it (`continued`). */
  created: boolean;
  /** Whether an interrupted copy has created the directory. Default: false. */
  continued?: boolean;
  /** Identifies the source, if it is on this machine and files of the target may be names of its files. */
  source?: FileIdentity;
  /** Names directly in the directory that a sender may write. Default: all. */
  only?: ReadonlySet<string>;
  /** Identifies the directory above a directory that is created. */
  parent?: FileIdentity;
}

/** A file of this name in a directory that exists, or that is in `missing`. */
interface FileRoot extends WrittenRoot {
  kind: "file";
  directory: string;
  name: string;
}

/** A character device, FIFO or the like: written in place and in order. */
interface DeviceRoot {
  kind: "device";
  path: string;
  /** Target as the user typed it. Default: the path. */
  shown?: string;
  isFifo?: boolean;
  /** Identifies the device itself. */
  identity?: FileIdentity;
  /** Descriptor to write to, if the path is `STANDARD_OUTPUT`. Default: 1. */
  descriptor?: number;
}
