/** Which source goes where: the naming of scp. Looks at everything first, and only then makes directories. */

import { FileError, quotePath, UserError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import { checkName } from "../../protocol/wire_path.ts";
import type { Confinement } from "./confinement.ts";
import type { PathCalls } from "../engine/engine.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedWith, FileCode, linkInTheWay } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
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
import { expandTilde } from "../path/tilde.ts";

/** A source, as its own side describes it. The name may come from the peer. */
export interface PlannedSource {
  /** One component, or "." for the contents of a directory. */
  name: string;
  /** "input": standard input, which has no name that a directory could take. */
  kind: "file" | "folder" | "input";
  identity?: FileIdentity;
  /** Its own target, in place of that of all. */
  target?: string;
}

export interface TargetPlanOptions {
  /** Absolute directory that a relative target starts from. */
  base: string;
  /** Whether "~" and "~user" are expanded. */
  tilde: boolean;
  /** Operands that the user named as sources, found or not. Left out: as many as there are sources. */
  operands?: number;
  /** Whether an interrupted copy of this source has made the directory, which is then gone on with. Left out: no. */
  isUnfinished?: (directory: string, source: PlannedSource) => boolean;
  /** Nothing is made: directories that are missing stay so. */
  dryRun?: boolean;
  /** Whether the identities of the sources are those of this machine. */
  sameHost: boolean;
  confinement?: Confinement;
  /** What the system makes of names. Left out: as this one does. */
  rules?: NameRules;
}

/** A root, and whether its directory is still to be made. */
interface Draft {
  root: TargetRoot;
  make: boolean;
}

/**
 * Where each source goes, in their order. Root directories exist afterwards: new ones with mode 01700, as what is unfinished has.
 *
 * @throws {UserError} when the whole makes no sense: nothing was created then.
 * @throws {ProtocolError} code "bad-path" for a name that could lead elsewhere.
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
  const sharedDrafts = shared.length > 0 ? place(shared, target, options, paths) : [];
  let next = 0;
  const drafts = sources.map((source) =>
    source.target === undefined
      ? sharedDrafts[next++]
      : place([source], source.target, { ...options, operands: 1 }, paths)[0]
  );
  checkDistinct(sources, drafts, options.rules);
  if (options.sameHost) sources.forEach((source, index) => checkNotItself(source, drafts[index], paths));
  if (options.confinement) { for (const { root } of drafts) confine(root, options.confinement, target); }
  if (options.dryRun) return drafts.map(({ root }) => root);
  return makeDirectories(drafts.map(({ root }) => root), paths);
}

/** Whether the target is the name of the only root, and not the directory that it is put into. */
export function isRenamed(roots: readonly TargetRoot[], target: string, options: TargetPlanOptions): boolean {
  if (roots.length !== 1) return false;
  const [root] = roots;
  const bare = withoutTrailingSlashes(fullPath(target, options));
  return root.kind === "file" ? root.directory !== bare : root.path === bare;
}

/** The absolute path that a target names. */
export function fullPath(
  target: string,
  { tilde, base, confinement }: Pick<TargetPlanOptions, "tilde" | "base" | "confinement">,
): string {
  const expanded = tilde ? expandTilde(target, confinement?.home) : target;
  return resolvePath(base, expanded === "." ? "" : expanded);
}

/** Where sources go that have one target. */
function place(sources: PlannedSource[], target: string, options: TargetPlanOptions, paths: PathCalls): Draft[] {
  const { confinement } = options;
  const full = fullPath(target, options);
  confinement?.check("create", full, target);
  const stat = paths.stat(full, { follow: true });
  if (stat?.kind === FileKind.directory && sources.some(({ kind }) => kind === "input")) {
    throw new UserError(`Cannot copy standard input to ${quotePath(target)}: Is a directory`, {
      hint: "Say which name it gets there",
    });
  }
  const bare = withoutTrailingSlashes(full);
  const continued = (path: string, source: PlannedSource) =>
    source.kind === "folder" && (options.isUnfinished?.(path, source) ?? false);
  const identity = stat && identityOfStat(stat);
  if (stat?.kind === FileKind.directory && sources.length === 1 && continued(bare, sources[0])) {
    const above = paths.stat(directoryOf(bare), { follow: true });
    const parent = above && identityOfStat(above);
    return [{ root: { kind: "folder", path: bare, created: true, continued: true, identity, parent }, make: false }];
  }
  return stat?.kind === FileKind.directory
    ? sources.map((source) => {
      const { root, make } = intoDirectory(source, { path: bare, identity: identity! }, paths, options.rules);
      if (root.kind !== "folder" || make || !continued(root.path, source)) return { root, make };
      return { root: { ...root, created: true, continued: true, parent: identity }, make };
    })
    : [ontoName(sources, { full, target, stat, operands: options.operands ?? sources.length }, paths)];
}

/** A device has nothing to be looked at again when it is open. */
function confine(root: TargetRoot, { root: within }: Confinement, target: string): void {
  if (root.kind === "device") throw new UserError(`Cannot write ${quotePath(target)}: that host allows files only`);
  root.within = within;
}

function identityOfStat({ dev, inode }: FileStat): FileIdentity {
  return { dev, inode };
}

/** Below a directory that exists. */
function intoDirectory(
  source: PlannedSource,
  { path: directory, identity }: { path: string; identity: FileIdentity },
  paths: PathCalls,
  rules?: NameRules,
): Draft {
  if (source.name === "." && source.kind === "folder") {
    return { root: { kind: "folder", path: directory, created: false, identity }, make: false };
  }
  const path = joinPath(directory, source.name);
  if (isPrivateName(source.name)) {
    // Each entry is refused when it arrives, and the others go on.
    const refused = source.kind === "folder"
      ? { kind: "folder" as const, path, created: false, refused: true }
      : { kind: "file" as const, directory, name: source.name, refused: true };
    return { root: refused, make: false };
  }
  const problem = problemOfName(source.name, rules);
  if (problem !== undefined) {
    if (source.kind === "folder") throw misnamed(path, problem);
    // Not even looked at: it would be something else. Who writes it is refused, and the others go on.
    return { root: { kind: "file", directory, name: source.name, identity }, make: false };
  }
  const stat = source.kind === "file" ? statNameable(path, paths, false) : paths.stat(path, { follow: false });
  if (source.kind === "file") {
    if (stat?.kind === FileKind.directory) throw failedWith("write", path, "EISDIR");
    return { root: { kind: "file", directory, name: source.name, identity }, make: false };
  }
  if (stat?.kind === FileKind.symlink) throw linkInTheWay(path);
  if (stat && stat.kind !== FileKind.directory) throw failedWith("create", path, "ENOTDIR");
  if (!stat) return { root: { kind: "folder", path, created: true, parent: identity }, make: true };
  return { root: { kind: "folder", path, created: false, identity: identityOfStat(stat) }, make: false };
}

/** The target is the new name, or the file that is replaced. */
function ontoName(
  sources: PlannedSource[],
  { full, target, stat, operands }: { full: string; target: string; stat: FileStat | undefined; operands: number },
  paths: PathCalls,
): Draft {
  const [source] = sources;
  if (operands > 1 || sources.length > 1) {
    throw notDirectory(target, stat, "Several files can only be copied into a directory that exists");
  }
  if (stat) {
    if (source.kind === "folder" || hasTrailingSlash(full)) throw notDirectory(target, stat);
    if (stat.kind !== FileKind.file) {
      const isFifo = stat.kind === FileKind.fifo;
      return {
        root: { kind: "device", path: full, shown: target, isFifo, identity: identityOfStat(stat) },
        make: false,
      };
    }
    // As scp writes through a link that the user names, the file that it leads to is replaced.
    const isLink = paths.stat(full, { follow: false })?.kind === FileKind.symlink;
    const path = isLink ? paths.realPath(full) : full;
    const directory = directoryOf(path);
    const above = paths.stat(directory, { follow: true });
    const identity = above && identityOfStat(above);
    return { root: { kind: "file", directory, name: baseName(path), identity }, make: false };
  }
  const bare = withoutTrailingSlashes(full);
  const parent = directoryOf(bare);
  const above = paths.stat(parent, { follow: true });
  if (!above) throw failedWith("create", target, "ENOENT");
  if (above.kind !== FileKind.directory) throw failedWith("create", target, "ENOTDIR");
  const name = baseName(bare);
  if (name === "." || name === "..") throw failedWith("create", target, "ENOENT");
  if (isPrivateName(name)) throw privateName("create", target);
  if (source.kind !== "folder") {
    if (hasTrailingSlash(full)) {
      throw notDirectory(target, stat, "Make the directory first, or leave out the slash at the end");
    }
    return { root: { kind: "file", directory: parent, name, identity: identityOfStat(above) }, make: false };
  }
  if (paths.stat(bare, { follow: false })) throw linkInTheWay(bare);
  return { root: { kind: "folder", path: bare, created: true, parent: identityOfStat(above) }, make: true };
}

/** Returns undefined for a name that the engine cannot open: writing that file fails later, and the others are copied. */
function statNameable(path: string, paths: PathCalls, follow: boolean): FileStat | undefined {
  try {
    return paths.stat(path, { follow });
  } catch (error) {
    if (error instanceof FileError && error.code === FileCode.notText) return undefined;
    throw error;
  }
}

function notDirectory(target: string, stat: FileStat | undefined, hint?: string): UserError {
  const state = stat ? "Not a directory" : "No such file or directory";
  return new UserError(`Cannot copy to ${quotePath(target)}: ${state}`, { hint });
}

/** Two sources may only have one name when both are directories: these are merged. */
function checkDistinct(sources: PlannedSource[], drafts: Draft[], rules?: NameRules): void {
  const kinds = new Map<string, string>();
  drafts.forEach(({ root }, index) => {
    const path = rootPath(root);
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

function checkNotItself(source: PlannedSource, { root, make }: Draft, paths: PathCalls): void {
  const { identity } = source;
  if (!identity || identity.inode === 0 || (root.kind !== "device" && root.refused)) return;
  const isSource = (path: string) => {
    const stat = statNameable(path, paths, true);
    return stat !== undefined && stat.inode === identity.inode && stat.dev === identity.dev;
  };
  const path = rootPath(root);
  if (isSource(path)) {
    const shown = quotePath(source.name === "." ? path : source.name);
    throw new UserError(`Cannot copy ${shown} to ${quotePath(path)}: they are the same file`);
  }
  if (source.kind !== "folder") return;
  let above = paths.realPath(make ? directoryOf(path) : path);
  for (;;) {
    if (isSource(above)) {
      throw new UserError(
        `Cannot copy ${quotePath(source.name)} to ${quotePath(path)}: it would be copied into itself`,
      );
    }
    const next = directoryOf(above);
    if (next === above || next === ".") return;
    above = next;
  }
}

function rootPath(root: TargetRoot): string {
  return root.kind === "file" ? joinPath(root.directory, root.name) : root.path;
}

/** Makes the root directories that are missing, after a plan that has not done so. */
export function makeDirectories(roots: TargetRoot[], paths: PathCalls): TargetRoot[] {
  const made = new Map<string, FileIdentity>();
  for (const root of roots) {
    if (root.kind !== "folder" || !root.created || root.continued) continue;
    const known = made.get(root.path);
    root.created = known === undefined;
    root.identity = known ?? paths.makeDirectory(root.path, root);
    made.set(root.path, root.identity);
  }
  return roots;
}
