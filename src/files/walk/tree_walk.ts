/**
 * The walk over the sources, the same for both engines: depth first, with one open directory at a time. Its memory contains
 * only the names of directories that have yet to be entered.
 */

import { FileError, quotePath } from "../../errors.ts";
import type { IgnoredEntries, SourceRoot, Walk, WalkItem, WalkOptions } from "../engine/source.ts";
import { failedWith, specialFile } from "../stat/file_failure.ts";
import { isSameFile, replaced, swapped } from "../stat/file_identity.ts";
import { FileKind, kindName } from "../stat/file_stat.ts";
import type { DirectoryLister } from "../engine/directory_lister.ts";
import { FoundItems } from "./found_items.ts";
import { HardLinks } from "./hard_links.ts";
import type { ListedLevel } from "./listed_paths.ts";
import { joinPath } from "../path/local_path.ts";
import { isPrivateNameAt } from "../path/private_names.ts";

/** Maximum number of names in one item, which must fit into a control line with any characters. */
const MAX_NAMES = 256;

/** Listed paths below an entry that is not a directory. `link` is its path relative to the root if it is a symbolic link. */
interface Obstructed {
  readonly paths: Iterable<string>;
  readonly link?: string;
}

const NOTHING: Obstructed = { paths: [] };

/** Items, and promises that must resolve before the next step. */
type Steps<Result = void> = Generator<WalkItem | Promise<void>, Result>;

/** A directory on the path from the root to the current directory. */
interface Level {
  path: string;
  dev: number;
  inode: number;
  inodeLow: number;
  /** Names of directories in it that have yet to be entered, in reverse order. */
  pending: string[];
  /** Names of entries that have yet to be reported. */
  names: string[];
  /** Names in it that are copied; undefined for all. */
  listed?: ListedLevel;
}

/** Returns whether a walk follows symbolic links. */
export function walksLinks({ symlinks = "follow" }: Pick<WalkOptions, "symlinks">): boolean {
  return symlinks === "follow";
}

export class TreeWalk implements Walk {
  readonly #roots: SourceRoot[];
  readonly #lister: DirectoryLister;
  readonly #options: WalkOptions;
  readonly #follow: boolean;
  readonly #links: HardLinks;
  readonly #ignored: IgnoredEntries | undefined;
  readonly #items: Steps;
  /** Whether entries of the current directory may be missing, because it could not be read to its end. */
  #isCut = false;
  readonly #found: FoundItems;
  /** Listed paths that need the current entry to be a directory. */
  #obstructed = NOTHING;

  constructor(roots: SourceRoot[], lister: DirectoryLister, options: WalkOptions) {
    this.#roots = roots;
    this.#lister = lister;
    this.#options = options;
    this.#links = new HardLinks(options.linkRoots ?? false);
    this.#follow = walksLinks(options);
    this.#found = new FoundItems(lister, { changeMode: options.changeMode, follow: this.#follow });
    this.#ignored = options.ignoreFiles?.();
    this.#items = this.#walk();
  }

  next(): WalkItem | undefined | Promise<WalkItem | undefined> {
    const step = this.#items.next().value ?? undefined;
    return step instanceof Promise ? step.then(() => this.next()) : step;
  }

  close(): void {
    this.#items.return();
    this.#lister.closeDirectory();
    this.#ignored?.close();
  }

  *#walk(): Steps {
    const { note } = this.#lister;
    if (note && this.#roots.length > 0) {
      const { path } = this.#roots[0];
      // Entries of the target with these names must not be removed.
      if (this.#options.names) yield { type: "failed", error: new FileError("list all names in", path, note) };
      else yield { type: "note", path, message: note };
    }
    for (let root = 0; root < this.#roots.length; root++) {
      const source = this.#roots[root];
      if (source.kind === "file") this.#fileRoot(root);
      else if (source.kind === "input") this.#found.add({ type: "input", root });
      else if (this.#options.recursive) yield* this.#directoryRoot(root);
      else this.#found.add({ type: "failed", error: notRegular(source.path, FileKind.directory) });
      yield* this.#takeFound();
      this.#links.endRoot();
    }
    this.#found.flush();
    yield* this.#takeFound();
    yield* this.#links.packs();
  }

  #fileRoot(root: number): void {
    const source = this.#roots[root];
    try {
      this.#lister.statRoot(source);
      if (this.#lister.stat.kind !== FileKind.file) throw notRegular(source.path, this.#lister.stat.kind);
      // Another file may have taken the path since it was found.
      if (!this.#follow && !isSameFile(source.identity, this.#lister.stat)) throw replaced("read", source.path);
    } catch (error) {
      this.#found.fail(error);
      return;
    }
    const { stat } = this.#lister;
    if (this.#options.select?.(stat) === false) return;
    if (this.#split(root, "")) return;
    if (this.#options.shard?.owns("") === false) return;
    if (this.#options.hardlinks && stat.links > 1 && this.#links.isFurther(root, stat, () => "")) return;
    this.#found.rootFile(root);
  }

  *#directoryRoot(root: number): Steps {
    const levels: Level[] = [];
    let path = "";
    let listed = this.#options.listed?.[root]?.top();
    this.#options.listed?.[root]?.outside.forEach((path) => this.#found.fail(outsideRoot(path)));
    for (;;) {
      const level = yield* this.#openDirectory(root, path, levels, listed);
      if (level) {
        level.listed = listed;
        levels.push(level);
        yield* this.#list(root, level);
      }
      yield* this.#takeFound();
      while (levels.length > 0 && levels[levels.length - 1].pending.length === 0) levels.pop();
      if (levels.length === 0) return;
      const parent = levels[levels.length - 1];
      const name = parent.pending.pop()!;
      path = joinPath(parent.path, name);
      listed = parent.listed?.below(name);
    }
  }

  /** Opens a directory and adds its record. Returns undefined if it cannot be entered. */
  *#openDirectory(
    root: number,
    path: string,
    above: Level[],
    listed: ListedLevel | undefined,
  ): Steps<Level | undefined> {
    const lister = this.#lister;
    const source = this.#roots[root];
    try {
      lister.openDirectory(source, path, { follow: this.#follow || path === "", index: root });
      if (path === "" && !this.#follow && !isSameFile(source.identity, lister.stat)) throw swapped("read", source.path);
      const { dev, inode, inodeLow } = lister.stat;
      if (inode !== 0 && above.some((it) => it.inodeLow === inodeLow && it.inode === inode && it.dev === dev)) {
        throw failedWith("read", joinPath(source.path, path), "ELOOP");
      }
      if (this.#ignored && !listed?.isAboveSource) yield* this.#ignored.enter(root, path);
      for (let wait = lister.fetch?.(); wait; wait = lister.fetch?.()) yield wait;
      this.#options.tree?.enter(path);
      if (this.#sendsDirectory(path, listed)) this.#found.directory(root, path);
      else this.#found.enter(root, path);
      return { path, dev, inode, inodeLow, pending: [], names: [] };
    } catch (error) {
      lister.closeDirectory();
      this.#found.fail(error);
      return undefined;
    }
  }

  /** Returns whether a directory is sent even without entries in it. */
  #sendsDirectory(path: string, listed: ListedLevel | undefined): boolean {
    const { shard } = this.#options;
    // The target has attributes of its own if only paths in the root are copied into it.
    if (path === "" && listed?.isListed === false) return false;
    return !shard || shard.finishes || shard.owns(path);
  }

  *#list(root: number, level: Level): Steps {
    const lister = this.#lister;
    this.#isCut = false;
    try {
      for (; !level.listed?.isEmpty;) {
        const wait = this.#fetch();
        if (wait) yield wait;
        if (!this.#nextEntry()) break;
        this.#entry(root, level);
        if (this.#obstructed !== NOTHING) yield* this.#failObstructed(root, level);
        if (!this.#found.isEmpty) yield* this.#takeFound();
        const turn = this.#ignored?.yieldIfDue();
        if (turn) yield turn;
      }
      if (this.#options.names) this.#reportNames(root, level);
    } finally {
      lister.closeDirectory();
    }
    level.pending.reverse();
    if (!level.listed || this.#isCut) return;
    for (const path of level.listed.missing()) {
      this.#found.fail(failedWith("read", this.#pathOf(root, level, path), "ENOENT"));
      yield* this.#takeFound();
    }
  }

  #fetch(): Promise<void> | undefined {
    try {
      return this.#lister.fetch?.();
    } catch (error) {
      this.#isCut = true;
      this.#found.fail(error);
      return undefined;
    }
  }

  #nextEntry(): boolean {
    try {
      return this.#lister.nextEntry();
    } catch (error) {
      this.#isCut = true;
      this.#found.fail(error);
      return false;
    }
  }

  #entry(root: number, level: Level): void {
    const lister = this.#lister;
    const { symlinks, names, tree } = this.#options;
    if (level.listed?.find(lister.nameText()) === false) return;
    let kind = lister.kind;
    if (names === "all") this.#addName(root, level);
    const isOwned = this.#owns(level);
    if (isPrivateNameAt(lister.names, lister.nameStart, lister.nameEnd)) {
      return isOwned ? this.#skipPrivate(root, level) : undefined;
    }
    if (!isOwned && !this.#mustExamine(kind)) {
      if ((names === "accepted" || tree) && !this.#isExcluded(level, false)) this.#accept(root, level);
      return;
    }
    try {
      if (kind === 0 || kind === FileKind.file || (kind === FileKind.symlink && symlinks !== "skip")) {
        if (this.#follow && kind !== FileKind.file) this.#checkLink(root, level);
        lister.statEntry({ follow: this.#follow });
        kind = lister.stat.kind;
      }
      if (kind !== FileKind.directory && level.listed && !this.#checkListed(level, kind)) return;
      const isSkipped = kind === FileKind.symlink && symlinks === "skip";
      if (isSkipped && names !== "accepted" && !tree) return;
      if (this.#isExcluded(level, kind === FileKind.directory)) return;
      this.#accept(root, level);
      if (isSkipped) return;
      if (!isOwned && kind !== FileKind.directory && !this.#isSplit(kind)) return;
      if (kind === FileKind.symlink) return this.#found.symlink();
    } catch (error) {
      // Of every shard: only this machine may be unable to examine the entry, which may be a directory.
      this.#found.fail(error);
      return;
    }
    if (kind === FileKind.directory) level.pending.push(lister.nameText());
    else if (kind === FileKind.file) this.#entryFile(root, level);
    else {
      const path = this.#pathOf(root, level, lister.nameText());
      this.#found.add({ type: "note", path, message: `skipped: it is a ${kindName(kind)}` });
    }
  }

  /** Returns whether this walk copies the current entry. */
  #owns(level: Level): boolean {
    const { shard } = this.#options;
    return !shard || shard.owns(joinPath(level.path, this.#lister.nameText()));
  }

  /** Returns whether an entry of another shard must be examined, because it may be a directory or a split file. */
  #mustExamine(kind: number): boolean {
    const mayBeDirectory = kind === 0 || kind === FileKind.directory || (kind === FileKind.symlink && this.#follow);
    return mayBeDirectory || (kind === FileKind.file && this.#options.shard!.examinesFiles);
  }

  /** Returns whether the current entry is a file that is split. */
  #isSplit(kind: number): boolean {
    return kind === FileKind.file && this.#options.shard?.splits(this.#lister.stat.size) === true;
  }

  /** Adds the ranges of the current file that this shard sends. Returns false if the file is not split. */
  #split(root: number, path: string): boolean {
    const { shard } = this.#options;
    const { stat } = this.#lister;
    if (!shard?.splits(stat.size)) return false;
    const ranges = shard.finishes
      ? [{ joined: true as const }]
      : shard.ranges(path, stat.size).map((range) => ({ range }));
    if (ranges.length > 0) this.#found.parts(root, path, ranges);
    return true;
  }

  /** Adds the current entry to those that no filter excludes. */
  #accept(root: number, level: Level): void {
    const { names, nameStart, nameEnd } = this.#lister;
    this.#options.tree?.addName(names, nameStart, nameEnd);
    if (this.#options.names === "accepted") this.#addName(root, level);
  }

  #addName(root: number, level: Level): void {
    if (level.names.length === MAX_NAMES) this.#reportNames(root, level);
    level.names.push(this.#lister.nameText());
  }

  #reportNames(root: number, level: Level): void {
    this.#found.add({ type: "names", root, path: level.path, names: level.names });
    level.names = [];
  }

  /** Notes the listed paths below an entry that is not a directory. Returns whether the entry itself is copied. */
  #checkListed(level: Level, kind: number): boolean {
    const name = this.#lister.nameText();
    const { paths, isCopied } = level.listed!.obstructed(name);
    this.#obstructed = { paths, link: kind === FileKind.symlink ? joinPath(level.path, name) : undefined };
    return isCopied;
  }

  /** Fails the paths one by one, because there may be a million. */
  *#failObstructed(root: number, level: Level): Steps {
    const { paths, link } = this.#obstructed;
    this.#obstructed = NOTHING;
    for (const path of paths) {
      const text = this.#pathOf(root, level, path);
      this.#found.fail(link === undefined ? failedWith("read", text, "ENOTDIR") : throughLink(text, link));
      yield* this.#takeFound();
    }
  }

  /** Returns the path of an entry, for messages. */
  #pathOf(root: number, level: Level, name: string): string {
    return joinPath(this.#roots[root].path, joinPath(level.path, name));
  }

  /** Skips an entry with a private name, which a receiver would refuse. */
  #skipPrivate(root: number, level: Level): void {
    if (this.#isExcluded(level, this.#lister.kind === FileKind.directory)) return;
    const path = joinPath(level.path, this.#lister.nameText());
    const message = "skipped: its name is reserved for the temporary files of escp";
    this.#found.add({ type: "note", path: joinPath(this.#roots[root].path, path), message });
  }

  /** Returns whether a filter or a `.gitignore` file excludes the entry. */
  #isExcluded(level: Level, isDirectory: boolean): boolean {
    const { accept } = this.#options;
    if (!accept && !this.#ignored) return false;
    if (level.listed?.isNamed(this.#lister.nameText())) return false;
    const path = joinPath(level.path, this.#lister.nameText());
    return accept?.(path, isDirectory) === false || this.#ignored?.ignores(path, isDirectory) === true;
  }

  #checkLink(root: number, level: Level): void {
    const { checkLink } = this.#options;
    checkLink?.(this.#pathOf(root, level, this.#lister.nameText()));
  }

  #entryFile(root: number, level: Level): void {
    const { stat } = this.#lister;
    if (this.#options.select?.(stat) === false) return;
    if (this.#options.shard && this.#split(root, joinPath(level.path, this.#lister.nameText()))) return;
    if (this.#options.hardlinks && stat.links > 1) {
      const path = () => joinPath(level.path, this.#lister.nameText());
      if (this.#links.isFurther(root, stat, path)) return;
    }
    this.#found.file(root, level.path);
  }

  *#takeFound(): Generator<WalkItem, void> {
    if (!this.#found.isEmpty) yield* this.#found.take();
  }
}

/** Returns the failure of a listed path through a symbolic link. @param link path of the link, relative to the root. */
function throughLink(path: string, link: string): FileError {
  return new FileError("read", path, `${quotePath(link)} is a symbolic link`, {
    hint: "Use --symlinks=follow to follow symbolic links",
    code: "ENOTDIR",
  });
}

function outsideRoot(path: string): FileError {
  return new FileError("read", path, "it is outside the source directory", {
    hint: "Write listed paths relative to the source directory",
  });
}

/** Returns the failure of a source that is not a regular file; for a directory without -r in the words of scp. */
export function notRegular(path: string, kind: number): FileError {
  if (kind !== FileKind.directory) return specialFile(path, kind);
  return new FileError("read", path, "not a regular file", { hint: "Use -r to copy directories", code: "EISDIR" });
}
