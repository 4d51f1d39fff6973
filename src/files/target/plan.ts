/** Plans the target of each source by the rules of scp. */

import { quotePath, UserError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import { checkName } from "../../protocol/wire_path.ts";
import type { Confinement } from "./confinement.ts";
import type { PathCalls } from "../engine/engine.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedWith, linkInTheWay } from "../stat/file_failure.ts";
import { mayBePlanted, ownUser } from "./directory_access.ts";
import { type FileIdentity, identityOfStat, swapped, untrusted } from "../stat/file_identity.ts";
import { FileKind, type FileStat } from "../stat/file_stat.ts";
import {
  baseName,
  directoryOf,
  hasTrailingSlash,
  joinPath,
  resolvePath,
  withoutTrailingSlashes,
} from "../path/local_path.ts";
import { misnamed, nameKey, type NameRules, problemOfName } from "../path/name_rules.ts";
import { isPrivateName, privateName } from "../path/private_names.ts";
import { expandTilde, unknownUser } from "../path/tilde.ts";
import { statNameable, targetText } from "./name.ts";
import { followLinkPath } from "./directory_links.ts";
import { missingDirectories } from "./root_directories.ts";
import { markOwnSource } from "./same_file.ts";

/** A source, as the sender describes it. The name may come from the peer. */
export interface PlannedSource {
  /** One component, or "." for the contents of a directory. */
  name: string;
  /** "input": standard input, which has no name to use in a directory. */
  kind: "file" | "folder" | "input";
  identity?: FileIdentity;
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
  /** As in `TargetOptions`: whether a link to a directory, of the name of a source, is used as that directory. */
  dirlinks?: SharedArrayBuffer;
  /** Whether the sources are on this machine, so that their identities are comparable. */
  sameHost: boolean;
  confinement?: Confinement;
  /** Names that the target system allows. Default: those of this system. */
  rules?: NameRules;
}

/** A target that is not a directory that exists. */
interface NamedTarget {
  full: string;
  /** As the user typed it. */
  target: string;
  stat: FileStat | undefined;
  operands: number;
}

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
  const { confinement } = options;
  const full = fullPath(target, options);
  confinement?.check("create", full, target);
  const stat = paths.stat(full, { follow: true });
  if (!stat && options.tilde && !confinement) checkUser(target, options.base, paths);
  if (stat?.kind === FileKind.directory && sources.some(({ kind }) => kind === "input")) {
    throw new UserError(`Cannot copy standard input to ${quotePath(target)}: Is a directory`, {
      hint: "Add the name of the new file to the target",
    });
  }
  const bare = withoutTrailingSlashes(full);
  const continued = (path: string, source: PlannedSource) =>
    source.kind === "folder" && (options.isUnfinished?.(path, source) ?? false);
  const identity = stat && identityOfStat(stat);
  if (stat?.kind === FileKind.directory && sources.length === 1 && continued(bare, sources[0])) {
    const above = paths.stat(directoryOf(bare), { follow: true });
    const parent = above && identityOfStat(above);
    return [{ kind: "folder", path: bare, created: true, continued: true, identity, parent }];
  }
  return stat?.kind === FileKind.directory
    ? sources.map((source) => {
      const root = intoDirectory(source, { path: bare, identity: identity! }, paths, options);
      if (root.kind !== "folder" || root.created || !continued(root.path, source)) return root;
      return { ...root, created: true, continued: true, parent: identity };
    })
    : ontoNames(sources, { full, target, stat, operands: options.operands ?? sources.length }, options, paths);
}

/** Plans the roots of sources whose target is not a directory that exists. */
function ontoNames(
  sources: PlannedSource[],
  named: NamedTarget,
  { mkpath, rules, confinement }: TargetPlanOptions,
  paths: PathCalls,
): TargetRoot[] {
  const { full, target, stat, operands } = named;
  const isDirectory = operands > 1 || sources.length > 1 || (hasTrailingSlash(full) && sources[0].kind === "file");
  if (stat || !mkpath || !isDirectory) return [ontoName(sources, named, paths, { mkpath, rules, confinement })];
  if (sources.some(({ kind }) => kind === "input")) throw notDirectory(target, stat);
  const directory = withoutTrailingSlashes(full);
  const missing = missingDirectories(directory, target, paths, rules);
  return sources.map((source) => intoMissing(source, { directory, missing }, paths, rules));
}

/** Plans the root of a source in a directory that `createMissing` creates, and that has no identity yet. */
function intoMissing(
  source: PlannedSource,
  { directory, missing }: { directory: string; missing: string[] },
  paths: PathCalls,
  rules?: NameRules,
): TargetRoot {
  const root = intoDirectory(source, { path: directory, identity: undefined }, paths, { rules });
  return root.kind === "device" ? root : { ...root, missing };
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

/** Plans the root of a source in an existing directory. */
function intoDirectory(
  source: PlannedSource,
  { path: directory, identity }: { path: string; identity: FileIdentity | undefined },
  paths: PathCalls,
  { rules, dirlinks, confinement }: Pick<TargetPlanOptions, "rules" | "dirlinks" | "confinement">,
): TargetRoot {
  if (source.name === "." && source.kind === "folder") {
    return { kind: "folder", path: directory, created: false, identity };
  }
  const path = joinPath(directory, source.name);
  if (isPrivateName(source.name)) {
    // Each record is refused when it arrives, and the others are accepted.
    return source.kind === "folder"
      ? { kind: "folder", path, created: false, refused: true }
      : { kind: "file", directory, name: source.name, refused: true };
  }
  const problem = problemOfName(source.name, rules);
  if (problem !== undefined) {
    if (source.kind === "folder") throw misnamed(path, problem);
    // Not examined, because the system would find another file. Writing it fails, and the others are copied.
    return { kind: "file", directory, name: source.name, identity };
  }
  const stat = source.kind === "file" ? statNameable(path, paths, false) : paths.stat(path, { follow: false });
  if (source.kind === "file") {
    if (stat?.kind === FileKind.directory) throw failedWith("write", path, "EISDIR");
    return { kind: "file", directory, name: source.name, identity };
  }
  if (stat?.kind === FileKind.symlink && dirlinks) {
    const real = followLinkPath(path, "create", paths, { created: dirlinks });
    confinement?.check("create", real, path);
    const found = paths.stat(real, { follow: false });
    if (found?.kind !== FileKind.directory) throw swapped("create", path);
    return { kind: "folder", path: real, created: false, identity: identityOfStat(found) };
  }
  if (stat?.kind === FileKind.symlink) throw linkInTheWay(path);
  if (stat && stat.kind !== FileKind.directory) throw failedWith("create", path, "ENOTDIR");
  if (!stat) return { kind: "folder", path, created: true, parent: identity };
  return { kind: "folder", path, created: false, identity: identityOfStat(stat) };
}

/** Plans the root of a source whose target is its new name, or the file that it replaces. */
function ontoName(
  sources: PlannedSource[],
  { full, target, stat, operands }: NamedTarget,
  paths: PathCalls,
  { mkpath, rules, confinement }: Pick<TargetPlanOptions, "mkpath" | "rules" | "confinement">,
): TargetRoot {
  const [source] = sources;
  if (operands > 1 || sources.length > 1) {
    throw notDirectory(target, stat, "Create the directory first, or use --mkpath");
  }
  if (stat) {
    if (source.kind === "folder" || hasTrailingSlash(full)) throw notDirectory(target, stat);
    const end = endOfLinks(full, { target, confinement }, paths);
    if (stat.kind !== FileKind.file) {
      const isFifo = stat.kind === FileKind.fifo;
      if (isFifo) checkOwner("write", end, stat, paths);
      return { kind: "device", path: full, shown: target, isFifo, identity: identityOfStat(stat) };
    }
    // scp writes through a link that the user names, so the file that it points to is replaced.
    const path = end === full ? full : paths.realPath(full);
    const directory = directoryOf(path);
    const above = paths.stat(directory, { follow: true });
    const identity = above && identityOfStat(above);
    return { kind: "file", directory, name: baseName(path), identity };
  }
  const bare = source.kind === "folder" || hasTrailingSlash(full)
    ? withoutTrailingSlashes(full)
    : endOfLinks(full, { target, confinement }, paths);
  const parent = directoryOf(bare);
  const above = paths.stat(parent, { follow: true });
  if (!above && !mkpath) throw noParent(target);
  const missing = above ? undefined : missingDirectories(parent, target, paths, rules);
  if (above && above.kind !== FileKind.directory) throw failedWith("create", target, "ENOTDIR");
  const name = baseName(bare);
  if (name === "." || name === "..") throw failedWith("create", target, "ENOENT");
  if (isPrivateName(name)) throw privateName("create", target);
  if (source.kind !== "folder") {
    if (hasTrailingSlash(full)) {
      throw notDirectory(target, stat, "Create the directory first, use --mkpath, or omit the slash");
    }
    return { kind: "file", directory: parent, name, identity: above && identityOfStat(above), missing };
  }
  if (paths.stat(bare, { follow: false })) throw linkInTheWay(bare);
  return { kind: "folder", path: bare, created: true, parent: above && identityOfStat(above), missing };
}

/** Maximum number of symbolic links on a path, as in the kernel. */
const MAX_LINKS = 40;

/**
 * Returns the path that a symbolic link points to, through further links; the path itself if it is not a link. scp writes
 * through a link that the user names, so a missing file is created there.
 *
 * @throws {FileError} If the link points outside of the directory of a confinement, or another user may have planted it.
 */
function endOfLinks(
  path: string,
  { target, confinement }: Pick<NamedTarget, "target"> & Pick<TargetPlanOptions, "confinement">,
  paths: PathCalls,
): string {
  let end = path;
  for (let links = 0;; links++) {
    const stat = paths.stat(end, { follow: false });
    if (stat?.kind !== FileKind.symlink) break;
    if (links === MAX_LINKS) throw failedWith("create", target, "ELOOP");
    checkOwner("create", end, stat, paths);
    end = resolvePath(directoryOf(end), paths.readLink(end));
    confinement?.check("create", end, target);
  }
  return withoutTrailingSlashes(end);
}

/** @throws {FileError} If another user may have planted a file or link (directory_access.ts). */
function checkOwner(operation: string, path: string, stat: FileStat, paths: PathCalls): void {
  const above = paths.stat(directoryOf(path), { follow: true });
  if (above && mayBePlanted(ownUser(), stat, above)) throw untrusted(operation, path);
}

function noParent(target: string): UserError {
  return new UserError(failedWith("create", target, "ENOENT").message, {
    hint: "Its directory is missing: create it first, or use --mkpath",
  });
}

function notDirectory(target: string, stat: FileStat | undefined, hint?: string): UserError {
  const state = stat ? "Not a directory" : "No such file or directory";
  return new UserError(`Cannot copy to ${quotePath(target)}: ${state}`, { hint });
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
