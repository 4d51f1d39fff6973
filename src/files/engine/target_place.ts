/** Places in a target, as plain data. */

import type { FileIdentity } from "../stat/file_identity.ts";

/** A file or directory of a target: `path` is relative to the root, and "" is the file or directory of the root. */
export interface TargetPlace {
  root: number;
  path: string;
}

/** An entry of a target that was removed. */
export interface RemovedPlace extends TargetPlace {
  isDirectory: boolean;
}

/** A backup of a replaced file or link: `path` is the path of the file, relative to the root. */
export interface KeptBackup extends TargetPlace {
  identity: FileIdentity;
}

/** A directory that a writer created, or whose permissions it extended. Its mode must be set at the end of the copy. */
export interface PendingDirectory extends TargetPlace {
  /** Whether the writer created the directory. */
  created: boolean;
  /** Permissions to restore in an existing directory. */
  mode?: number;
  /** Identity of the directory. At the end, its path may refer to another one. */
  identity?: FileIdentity;
}

/** Files that are reported together: their number, and the place of the first one. */
export interface GatheredFiles extends TargetPlace {
  files: number;
}
