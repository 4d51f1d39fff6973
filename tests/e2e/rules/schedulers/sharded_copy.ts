/** A tree that many processes copy together, and the checks of its copy. */

import { assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";
import { recordsOf } from "../../../support/escp/state.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { RandomBytes } from "../../../support/files/random_bytes.ts";
import { createTempDirectory } from "../../../support/files/temp.ts";
import { type TreeEntries, writeTree } from "../../../support/files/temp_tree.ts";

/** Whether the copies have their full size: 2,000 files, and three files of 3 GiB with holes. */
export const IS_FULL = Deno.env.has("ESCP_SOAK");
const SMALL_FILES = IS_FULL ? 2000 : 200;
const DIRECTORIES = 40;
const MAX_SMALL_BYTES = 5000;
/** Size of the ranges of large files: the default, or less for smaller files. */
const SPLIT_BYTES = IS_FULL ? 2 ** 30 : 4 << 20;
const LARGE_BYTES = 3 * SPLIT_BYTES;
const MEMORY = "/dev/shm";
const OLD = new Date("2001-02-03T04:05:06Z");

/** Directories of one copy: the source, its copy, and the reports of the shards. Disposing removes all of them. */
export interface ShardedCopy extends AsyncDisposable {
  readonly from: string;
  readonly to: string;
  readonly reports: string;
  /** Flags of all shards, without `--shard`. */
  readonly flags: readonly string[];
  /** Checks that the target equals the source, with all attributes, and that nothing else is left. */
  check(): Promise<void>;
}

/** Makes the tree and an empty directory for its target. */
export async function createShardedCopy(): Promise<ShardedCopy> {
  // In memory the kernel reads holes 70 times as fast as on ext4, where it fills the page cache with zeros.
  const directory = await createTempDirectory(IS_FULL && await exists(MEMORY) ? MEMORY : undefined);
  const { path } = directory;
  const [from, above, reports] = [`${path}/from`, `${path}/above`, `${path}/reports`];
  const to = `${above}/to`;
  await writeTree(from, entries());
  await Deno.mkdir(above);
  return {
    from,
    to,
    reports,
    flags: ["-q", "-a", ...IS_FULL ? [] : ["--shard-split", `${SPLIT_BYTES}`], "--shard-report", reports],
    async check() {
      assertEquals(await compareTrees(from, to, { modes: true, owners: true, mtimes: "ns" }), []);
      assertEquals([...Deno.readDirSync(above)].map(({ name }) => name), ["to"]);
      assertEquals([temporaryFiles(above), temporaryFiles(reports), recordsOf(to)], [[], [], []]);
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Small files in nested directories, empty directories, links, and large files with data at the limits of ranges. */
function entries(): TreeEntries {
  const random = new RandomBytes("sharded");
  const tree: TreeEntries = {};
  const directories = Array.from({ length: DIRECTORIES }, (_, index) => {
    const path = index % 4 === 3 ? `d${index - 3}/in ${index}` : `d${index}`;
    tree[path] = { directory: true, mtime: new Date(OLD.getTime() + index * 1000) };
    return path;
  });
  for (let file = 0; file < SMALL_FILES; file++) {
    tree[`${directories[random.below(DIRECTORIES)]}/f${file}`] = { size: random.below(MAX_SMALL_BYTES) };
  }
  for (let file = 0; file < 3; file++) {
    const at = [0, SPLIT_BYTES - 5, SPLIT_BYTES + 12_345, 2 * SPLIT_BYTES, LARGE_BYTES - 10];
    const pieces = Object.fromEntries(at.map((offset) => [offset, `data of ${file} ${offset}`.slice(0, 10)]));
    tree[`large/${file}`] = { sparseSize: LARGE_BYTES + file, pieces, mtime: OLD };
  }
  tree["small"] = "contents";
  tree["empty/in"] = { directory: true, mode: 0o750, mtime: OLD };
  tree["d0/link"] = { link: "../large/0" };
  tree["large"] = { directory: true, mode: 0o711, mtime: OLD };
  tree["."] = { directory: true, mode: 0o755, mtime: OLD };
  return tree;
}
