/** Plans the target of each source by the rules of scp. */

import { quotePath, UserError } from "../../../errors.ts";
import { encodeName } from "../../../protocol/names.ts";
import { checkName } from "../../../protocol/wire_path.ts";
import type { PathCalls } from "../../engine/engine.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import { directoryOf, resolvePath, withoutTrailingSlashes } from "../../path/local_path.ts";
import { checkOperandName, nameKey, type NameRules } from "../../path/name_rules.ts";
import { expandTilde, unknownUser } from "../../path/tilde.ts";
import { failedWith, namingOperand } from "../../stat/file_failure.ts";
import { identityOfStat } from "../../stat/file_identity.ts";
import { FileKind } from "../../stat/file_stat.ts";
import type { Confinement } from "../confinement.ts";
import { intoDirectory } from "./into_directory.ts";
import { targetText } from "../name.ts";
import { checkSeparate } from "./separate_roots.ts";
import { ontoNames } from "./onto_name.ts";
import type { PlannedSource, TargetPlanOptions } from "./planned_source.ts";
import { markOwnSource } from "../same_file.ts";

/**
 * Returns the root of each source, in order. Nothing is created yet.
 *
 * @throws {UserError} If sources and targets do not fit together.
 * @throws {ProtocolError} Code "bad-path" for a name that could point outside of the target.
 */
export function planTargets(
  sources: PlannedSource[],
  target: string,
  options: TargetPlanOptions,
  paths: PathCalls,
): TargetRoot[] {
  for (const { name } of sources) {
    const bytes = encodeName(name);
    if (name !== ".") checkName(bytes, 0, bytes.length);
  }
  const shared = sources.filter((source) => source.target === undefined);
  const sharedRoots = shared.length > 0 ? planCommon(shared, target, options, paths) : [];
  let next = 0;
  const roots = sources.map((source) =>
    source.target === undefined
      ? sharedRoots[next++]
      : planCommon([source], source.target, { ...options, operands: 1 }, paths)[0]
  );
  checkDistinct(sources, roots, options.rules);
  if (options.separate) checkSeparate(roots, paths);
  if (options.sameHost) sources.forEach((source, index) => markOwnSource(source, roots[index], paths));
  if (options.confinement) { for (const root of roots) confine(root, options.confinement, target); }
  return roots;
}

/** Returns whether the target is the name of the only root, and not a directory that contains it. */
export function isRenamed(roots: readonly TargetRoot[], target: string, options: TargetPlanOptions): boolean {
  if (roots.length !== 1) return false;
  const [root] = roots;
  const bare = withoutTrailingSlashes(fullPath(target, options));
  return root.kind === "file" ? root.directory !== bare : root.path === bare;
}

/** Returns the absolute path of a target. */
export function fullPath(
  target: string,
  { tilde, base, confinement }: Pick<TargetPlanOptions, "tilde" | "base" | "confinement">,
): string {
  const expanded = tilde ? expandTilde(target, confinement?.home) : target;
  return resolvePath(base, expanded === "." ? "" : expanded);
}

/** Plans the roots of sources with a common target. */
function planCommon(
  sources: PlannedSource[],
  target: string,
  options: TargetPlanOptions,
  paths: PathCalls,
): TargetRoot[] {
  const { confinement, exact = false, operands = sources.length } = options;
  if (exact && Math.max(operands, sources.length) > 1) {
    throw new UserError(`Cannot copy several sources to ${quotePath(target)} with --no-target-directory`, {
      hint: "Name one source, or omit --no-target-directory",
    });
  }
  const full = fullPath(target, options);
  checkOperandName("create", full, target, options.rules);
  confinement?.check("create", full, target);
  const stat = namingOperand(target, () => paths.stat(full, { follow: true }));
  if (!stat && options.tilde && !confinement) checkUser(target, options.base, paths);
  if (stat?.kind === FileKind.directory && sources.some(({ kind }) => kind === "input")) {
    throw new UserError(`Cannot copy standard input to ${quotePath(target)}: Is a directory`, {
      hint: "Add the name of the new file to the target",
    });
  }
  const bare = withoutTrailingSlashes(full);
  const isContinued = (path: string, source: PlannedSource) =>
    source.kind === "folder" && (options.isUnfinished?.(path, source) ?? false);
  const identity = stat && identityOfStat(stat);
  if (stat?.kind === FileKind.directory && sources.length === 1 && isContinued(bare, sources[0])) {
    const above = paths.stat(directoryOf(bare), { follow: true });
    const parent = above && identityOfStat(above);
    return [{ kind: "folder", path: bare, created: true, continued: true, identity, parent }];
  }
  if (exact && stat?.kind === FileKind.directory) {
    if (sources[0].kind === "file") throw failedWith("write", target, "EISDIR");
    return [{ kind: "folder", path: bare, created: false, identity }];
  }
  return stat?.kind === FileKind.directory
    ? sources.map((source) => {
      const root = intoDirectory(source, { path: bare, identity: identity! }, paths, options);
      if (root.kind !== "folder" || root.created || !isContinued(root.path, source)) return root;
      return { ...root, created: true, continued: true, parent: identity };
    })
    : ontoNames(sources, { full, target, stat, operands }, options, paths);
}

/** @throws {FileError} If the target begins with "~user", and there is neither such a user nor a file of that name. */
function checkUser(target: string, base: string, paths: PathCalls): void {
  const unknown = unknownUser("create", target);
  if (unknown && !paths.stat(resolvePath(base, target.split("/", 1)[0]), { follow: true })) throw unknown;
}

/** Confines a root. A device is refused, because an open device cannot be checked. */
function confine(root: TargetRoot, { root: within }: Confinement, target: string): void {
  if (root.kind === "device") throw new UserError(`Cannot write ${quotePath(target)}: that host allows files only`);
  root.within = within;
}

/** Refuses two sources of the same name, unless both are directories, which are merged. */
function checkDistinct(sources: PlannedSource[], roots: TargetRoot[], rules?: NameRules): void {
  const kinds = new Map<string, string>();
  roots.forEach((root, index) => {
    const path = targetText(root, "");
    const key = nameKey(path, rules);
    const { kind } = sources[index];
    const other = kinds.get(key);
    if (other !== undefined && (other === "file" || kind === "file")) {
      throw new UserError(`Cannot copy two sources to ${quotePath(path)}: they have the same name`, {
        hint: "Copy them one after the other to different names",
      });
    }
    kinds.set(key, kind);
  });
}
