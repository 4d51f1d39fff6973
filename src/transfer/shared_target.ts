/** A target that several copies of one run go to, each from another host. */

import { quotePath, UserError } from "../errors.ts";

/** Where a copy goes. */
export interface SharedTarget {
  /** As the user typed it, without the host. */
  path: string;
  /** Sources that go there with other copies. With any it has to be a folder. */
  others: number;
  /** What the copies before this one have put there. */
  taken: TakenNames;
}

/** The names in targets that a run has used. */
export class TakenNames {
  readonly #kinds = new Map<string, string>();

  /**
   * Takes the names of one copy, whose sources are distinct among themselves. Folders of one name are merged, as those of
   * one host are.
   *
   * @throws {UserError} when one is taken: the other file would be lost.
   */
  take(sources: readonly { name: string; kind: string; target?: string }[]): void {
    for (const { name, kind, target = "" } of sources) {
      const other = this.#kinds.get(`${target}\0${name}`);
      if (other === undefined || (other === "folder" && kind === "folder")) continue;
      throw new UserError(`Cannot copy ${quotePath(name)} of two hosts to one name`, {
        hint: "Copy them one after the other to different names",
      });
    }
    for (const { name, kind, target = "" } of sources) this.#kinds.set(`${target}\0${name}`, kind);
  }
}
