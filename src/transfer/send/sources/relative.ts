/** `--relative`: operands keep their paths below the target. They become listed paths of the directories that they start in. */

import { FileError } from "../../../errors.ts";
import type { PathCalls } from "../../../files/engine/engine.ts";
import { joinPath, resolvePath } from "../../../files/path/local_path.ts";
import type { FileIdentity } from "../../../files/stat/file_identity.ts";
import { MAX_TREES } from "../../../protocol/limits.ts";
import { resolveSources, type SourceOptions } from "../../../files/walk/source_roots.ts";
import { expandTilde } from "../../../files/path/tilde.ts";
import { NameBudget } from "../../../files/walk/listed_name.ts";
import { ListedPaths } from "../../../files/walk/listed_paths.ts";
import type { CopyJob } from "../../../protocol/control/job.ts";
import type { Failure } from "../../../protocol/failure.ts";
import { toFailure } from "../../../streams/failure.ts";
import type { ResolvedSources } from "./resolved.ts";
import type { NumberedRoot } from "../send_options.ts";
import { splitOperand } from "./split_operand.ts";

/** Options for finding the directories. */
export interface RelativeOptions extends SourceOptions {
  depth: NonNullable<CopyJob["relative"]>;
}

/** Operands that start in one directory. */
interface Group {
  root: NumberedRoot;
  paths: string[];
  /** Operands that are directories. */
  trees: FileIdentity[];
}

/** Returns the directories that resolved operands start in, with the paths of the operands. @param failed gets failures. */
export async function withRelative(
  { roots, notFound }: ResolvedSources,
  { depth, ...options }: RelativeOptions,
  paths: PathCalls,
  failed: (failure: Failure) => void | Promise<void>,
): Promise<ResolvedSources & { listed: ListedPaths[] }> {
  const groups = new Map<string, Group | undefined>();
  const start = async (directory: string, operand: number): Promise<Group | undefined> => {
    const found = resolveSources([joinPath(directory, ".")], { ...options, tilde: false, recursive: true }, paths);
    for (const failure of found.failures) {
      notFound++;
      await failed(toFailure(failure));
    }
    const [root] = found.roots;
    return root && { root: { ...root, path: resolvePath(options.base, directory), operand }, paths: [], trees: [] };
  };
  for (const { typed = "", operand, kind, identity } of roots) {
    const { directory, path } = splitOperand(options.tilde ? expandTilde(typed, options.confinement?.home) : typed);
    if (path.split("/").includes("..")) {
      notFound++;
      await failed(toFailure(new FileError("keep the path of", typed, 'it contains ".."', { code: "EINVAL" })));
      continue;
    }
    if (!groups.has(directory)) groups.set(directory, await start(directory, operand));
    const group = groups.get(directory);
    group?.paths.push(path);
    if (kind === "folder") group?.trees.push(identity);
  }
  const found = [...groups.values()].filter((group) => group !== undefined);
  const budget = new NameBudget();
  const listed: ListedPaths[] = [];
  for (const { paths } of found) {
    listed.push(await ListedPaths.from(paths, { deep: depth === "deep", named: true, budget }));
  }
  return {
    roots: found.map(({ root, trees }) => ({ ...root, trees: trees.length > MAX_TREES ? undefined : trees })),
    listed,
    // The target gets the contents of one directory per group.
    operands: found.length,
    notFound,
  };
}
