/** Comparison of the trees that the shards of a copy saw. A machine without the mount of the source sees an empty directory. */

import type { WalkedTree } from "../../protocol/control/shard.ts";
import { formatCount } from "../../ui/format.ts";
import type { ShardReport } from "./report.ts";

/** Returns the shards that saw another tree than most of them; if there is a tie, than those that saw the most names. */
export function otherTrees(
  reports: readonly Pick<ShardReport, "shard" | "tree">[],
): { shard: number; reason: string }[] {
  const groups = [...Map.groupBy(reports, ({ tree }) => tree && keyOf(tree)).values()];
  const sizeOf = (group: typeof groups[number]) => group[0].tree?.names ?? -1;
  const [most, ...others] = groups.sort((one, other) => other.length - one.length || sizeOf(other) - sizeOf(one));
  return others.flat().map(({ shard, tree }) => ({ shard, reason: `it ${treeProblem(tree, most[0].tree)}` }));
}

export function isSameTree(one: WalkedTree | undefined, other: WalkedTree | undefined): boolean {
  return one !== undefined && other !== undefined && keyOf(one) === keyOf(other);
}

/** Returns how a tree differs from another one, as a predicate: `saw another source: ...`. */
export function treeProblem(tree: WalkedTree | undefined, expected: WalkedTree | undefined): string {
  const [seen, wanted] = [describe(tree), describe(expected)];
  return `saw another source: ${seen === wanted ? "other names" : `${seen} instead of ${wanted}`}`;
}

function keyOf({ directories, names, digest }: WalkedTree): string {
  return `${directories} ${names} ${digest}`;
}

function describe(tree: WalkedTree | undefined): string {
  if (!tree) return "nothing";
  const { names, directories } = tree;
  return `${formatCount(names, "name")} in ${directories === 1 ? "1 directory" : `${directories} directories`}`;
}
