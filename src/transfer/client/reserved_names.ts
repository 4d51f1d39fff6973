/** Names in a target that several copies of one run share, each from another host. */

import { quotePath, UserError } from "../../errors.ts";
import { nameKey } from "../../files/path/name_rules.ts";

/** Target of a copy. */
export interface SharedTarget {
  /** As the user typed it, without the host. */
  path: string;
  /** Number of sources that other copies write to the same target. If there are any, it must be a directory. */
  others: number;
  /** Names that this copy writes. */
  names: CopyNames;
}

/** Names that one copy writes in targets. */
export interface CopyNames {
  /**
   * Reserves the names of sources. The sources of one copy have distinct names. Directories of one name are merged, also from
   * several hosts. A repeated copy may reserve its names again.
   *
   * @throws {UserError} if another copy has reserved a name: one file would overwrite the other.
   */
  reserve(sources: readonly { name: string; kind: string; target?: string }[]): void;
}

/** Names in targets that the copies of a run have reserved. */
export class ReservedNames {
  readonly #reserved = new Map<string, { kind: string; by: CopyNames }>();

  /** Returns the names of one copy of the run. A copy keeps them when it is repeated. */
  ofCopy(): CopyNames {
    const own: CopyNames = {
      reserve: (sources) => {
        for (const { name, kind, target = "" } of sources) {
          const other = this.#reserved.get(nameKey(`${target}\0${name}`));
          if (!other || other.by === own || (other.kind === "folder" && kind === "folder")) continue;
          throw new UserError(`Cannot copy ${quotePath(name)} from two hosts to the same name`, {
            hint: "Copy them one after the other to different names",
          });
        }
        for (const { name, kind, target = "" } of sources) {
          this.#reserved.set(nameKey(`${target}\0${name}`), { kind, by: own });
        }
      },
    };
    return own;
  }
}
