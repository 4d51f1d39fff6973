/** Paths of the journals of large files. */

import type { PathCalls } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { baseName, directoryOf, joinPath } from "../../files/path/local_path.ts";
import { rootPath } from "../../files/target/name.ts";
import { recordPath } from "../../resume/state_directory.ts";
import type { RecordedTarget } from "../../files/engine/partial_file.ts";
import { futurePath, realPathIfAny } from "./record_place.ts";

/** Journals of the large files of one copy. */
export class TargetRecords {
  readonly #directory: string | undefined;
  readonly #roots: readonly TargetRoot[];
  readonly #paths: PathCalls;
  /** Whether directories below the roots may be symbolic links. */
  readonly #dirlinks: boolean;
  /** Real paths of directories, by path; undefined for one that cannot be resolved. */
  readonly #real = new Map<string, string | undefined>();

  /** @param directory with the journals; undefined if there is none. */
  constructor(
    directory: string | undefined,
    roots: readonly TargetRoot[],
    paths: PathCalls,
    { dirlinks = false }: { dirlinks?: boolean } = {},
  ) {
    this.#directory = directory;
    this.#roots = roots;
    this.#paths = paths;
    this.#dirlinks = dirlinks;
  }

  /**
   * Returns the journal of a file, or of a range of it; undefined if it has none.
   *
   * @param path relative to the root; "" if the root is the file.
   * @param range first byte of the range.
   */
  async of(root: number, path: string, range?: number): Promise<RecordedTarget | undefined> {
    const target = this.#roots[root];
    if (this.#directory === undefined || !target || target.kind === "device") return undefined;
    const real = this.#realPath(rootPath(target));
    if (real === undefined) return undefined;
    const below = joinPath(real, target.kind === "file" ? target.name : path);
    const full = this.#dirlinks
      ? joinPath(futurePath(directoryOf(below), (each) => this.#realPath(each)), baseName(below))
      : below;
    const part = range === undefined ? [] : [`range ${range}`];
    return { record: await recordPath(this.#directory, "journal", full, ...part), target: full };
  }

  #realPath(path: string): string | undefined {
    if (!this.#real.has(path)) this.#real.set(path, realPathIfAny(path, this.#paths));
    return this.#real.get(path);
  }
}
