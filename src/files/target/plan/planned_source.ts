/** Input of the plan of targets. */

import type { FileIdentity } from "../../stat/file_identity.ts";
import type { NameRules } from "../../path/name_rules.ts";
import type { Confinement } from "../confinement.ts";

/** A source, as the sender describes it. The name may come from the peer. */
export interface PlannedSource {
  /** One component, or "." for the contents of a directory. */
  name: string;
  /** "input": standard input, which has no name to use in a directory. */
  kind: "file" | "folder" | "input";
  identity?: FileIdentity;
  /** Directories that are copied with their contents, if only parts of the source are copied. Default: the source itself. */
  trees?: readonly FileIdentity[];
  /** Target of this source. Default: the common target. */
  target?: string;
}

export interface TargetPlanOptions {
  /** Absolute directory that relative targets start from. */
  base: string;
  /** Whether "~" and "~user" are expanded. */
  tilde: boolean;
  /** Number of source operands, found or not. Default: the number of sources. */
  operands?: number;
  /** Returns whether an interrupted copy of this source has created the directory, so that it is resumed. Default: no. */
  isUnfinished?: (directory: string, source: PlannedSource) => boolean;
  /** Whether directories above a target may be missing, so that they are created. Default: no. */
  mkpath?: boolean;
  /** Whether the target is the copy of the only source, even if it is an existing directory. Default: no. */
  exact?: boolean;
  /** Whether no source may be written into the target of another one, because the sources are removed. Default: no. */
  separate?: boolean;
  /** As in `TargetOptions`: whether a link to a directory, of the name of a source, is used as that directory. */
  dirlinks?: SharedArrayBuffer;
  /** Whether the sources are on this machine, so that their identities are comparable. */
  sameHost: boolean;
  confinement?: Confinement;
  /** Names that the target system allows. Default: those of this system. */
  rules?: NameRules;
}
