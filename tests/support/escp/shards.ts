/** Copies by several shards, for tests. */

import { assertEquals } from "@std/assert";
import type { TreeEntries } from "../files/temp_tree.ts";
import type { Scene, Variant } from "../scene.ts";
import { lastEvent } from "./json_events.ts";

const OLD = new Date("2001-02-03T04:05:06Z");

/** A tree with files in several directories, an empty directory, a link, and a directory that cannot be written. */
export const SHARDED_TREE: TreeEntries = {
  ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`d${index % 4}/in/f${index}`, `content ${index}`])),
  "large": { size: 3 << 20, mtime: OLD },
  "link": { link: "d0/in" },
  "empty/in": { directory: true, mode: 0o750, mtime: OLD },
  "d1/in": { directory: true, mode: 0o555, mtime: OLD },
  ".": { directory: true, mode: 0o711, mtime: OLD },
};

/** A copy by several shards. */
export class Shards {
  readonly #scene: Scene;
  readonly #variant: Variant;
  readonly from: string;
  readonly to: string;
  readonly reports: string;

  private constructor(scene: Scene, variant: Variant, directories: string[]) {
    this.#scene = scene;
    this.#variant = variant;
    [this.from, this.to, this.reports] = directories;
  }

  /** @param name entry of the tree that is the source. Default: the tree. */
  static async of(scene: Scene, variant: Variant, entries: TreeEntries, name?: string): Promise<Shards> {
    const [tree, above] = [await scene.tree(entries), await scene.tree()];
    const from = name === undefined ? tree : `${tree}/${name}`;
    return new Shards(scene, variant, [from, `${above}/target`, `${above}/reports`]);
  }

  /** Returns another copy of the same tree, with a new directory of reports. */
  async again(): Promise<Shards> {
    return new Shards(this.#scene, this.#variant, [this.from, this.to, `${await this.#scene.tree()}/reports`]);
  }

  /** Copies one shard, or finishes the copy. */
  run(shard: string, flags?: string[]) {
    return this.#scene.copy(this.#variant, this.#copy(shard, flags));
  }

  /** Starts to copy one shard, in processes. */
  start(shard: string, flags?: string[]) {
    return this.#scene.start(this.#variant, this.#copy(shard, flags));
  }

  #copy(shard: string, flags = ["-a"]) {
    return {
      flags: [...flags, "--json", "--shard", shard, "--shard-report", this.reports],
      sources: [this.from],
      target: this.to,
    };
  }

  /** Copies all shards and finishes. Returns the last event. */
  async runAll(count: number, flags?: string[]) {
    for (let shard = 0; shard < count; shard++) {
      const { code, stderr } = await this.run(`${shard}/${count}`, flags);
      assertEquals([code, stderr], [0, ""]);
    }
    const { code, stderr, stdout } = await this.run(`finish/${count}`, flags);
    assertEquals([code, stderr], [0, ""]);
    return lastEvent(stdout);
  }
}
