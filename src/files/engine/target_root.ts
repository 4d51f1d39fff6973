/** Targets of the roots of a copy. */

import type { FileIdentity } from "../stat/file_identity.ts";

/**
 * Target of one root; `within` is as in `SourceRoot`. `identity` identifies the directory that its contents are written
 * to: nothing is written to another directory under the same path. With `refused` it has a private name: each entry of it
 * fails. `missing` are the directories to create above it, from the top. With `same` it is the source itself: nothing is written. Plain data: may be posted to a Worker.
 */
export type TargetRoot =
  /**
   * A directory that exists; `created` if this copy created it, `continued` if an interrupted copy did. `parent` identifies
   * the directory above one that is created. `source` identifies the source, if it is on this machine and files of the
   * target may be names of its files.
   */
  | {
    kind: "folder";
    path: string;
    created: boolean;
    continued?: boolean;
    refused?: boolean;
    same?: boolean;
    source?: FileIdentity;
    missing?: string[];
    within?: string;
    identity?: FileIdentity;
    parent?: FileIdentity;
  }
  /** A file of this name in a directory that exists. */
  | {
    kind: "file";
    directory: string;
    name: string;
    refused?: boolean;
    same?: boolean;
    missing?: string[];
    within?: string;
    identity?: FileIdentity;
  }
  /**
   * A character device, FIFO or the like: written in place and in order.
   *
   * `shown` is the target as the user typed it. Default: the path. `identity` identifies the device itself. `descriptor` is
   * that of `STANDARD_OUTPUT`. Default: 1.
   */
  | {
    kind: "device";
    path: string;
    shown?: string;
    isFifo?: boolean;
    identity?: FileIdentity;
    descriptor?: number;
  };
