/** A target that several copies of one run go to, each from another host. */

import { quotePath, UserError } from "../../errors.ts";
import { nameKey } from "../../files/path/name_rules.ts";

/** Where a copy goes. */
export interface SharedTarget {
  /** As the user typed it, without the host. */
  path: string;
  /** Sources that go there with other copies. With any it has to be a directory. */
  others: number;
  /** Knows what the copies before this one have put there. */
  taken: CopyNames;
}

/** The names that one copy puts in targets. */
export interface CopyNames {
  /**
   * Takes them; the sources of a copy are distinct among themselves. Directories of one name are merged, as those of one host
   * are. A copy that is begun again takes its own names once more.
   *
   * @throws {UserError} when another copy has taken one: its file would be lost.
   */
  reserve(sources: readonly { name: string; kind: string; target?: string }[]): void;
}

/** The names in targets that a run has used. */
export class ReservedNames {
  readonly #taken = new Map<string, { kind: string; by: CopyNames }>();

  /** For one copy of the run, however often it is begun again. */
  ofCopy(): CopyNames {
    const own: CopyNames = {
      reserve: (sources) => {
        for (const { name, kind, target = "" } of sources) {
          const other = this.#taken.get(nameKey(`${target}\0${name}`));
          if (!other || other.by === own || (other.kind === "folder" && kind === "folder")) continue;
          throw new UserError(`Cannot copy ${quotePath(name)} of two hosts to one name`, {
            hint: "Copy them one after the other to different names",
          });
        }
        for (const { name, kind, target = "" } of sources) {
          this.#taken.set(nameKey(`${target}\0${name}`), { kind, by: own });
        }
      },
    };
    return own;
  }
}
