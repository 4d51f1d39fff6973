/** Items that a walk has found and not returned yet: packs of small entries, large files, failures and others. */

import { FileError } from "../../errors.ts";
import { PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import { encodeName } from "../../protocol/names.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { RecordType } from "../../protocol/data/records.ts";
import type { DirectoryLister } from "../engine/directory_lister.ts";
import type { WalkItem, WalkOptions } from "../engine/source.ts";
import { joinPath } from "../path/local_path.ts";
import { identityOfStat } from "../stat/file_identity.ts";
import type { FileStat } from "../stat/file_stat.ts";
import { PackBuilder } from "./pack_builder.ts";

const NO_NAME = new Uint8Array(0);

/** Makes items of the entries to which a lister has moved. */
export class FoundItems {
  readonly #lister: DirectoryLister;
  readonly #follow: boolean;
  readonly #changeMode: WalkOptions["changeMode"];
  readonly #pack = new PackBuilder();
  readonly #items: WalkItem[] = [];

  /** @param options.follow Whether symbolic links are followed. */
  constructor(lister: DirectoryLister, { changeMode, follow }: Pick<WalkOptions, "changeMode"> & { follow: boolean }) {
    this.#lister = lister;
    this.#follow = follow;
    this.#changeMode = changeMode;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Takes all items. Small entries are in no item until their pack is full or flushed. */
  take(): WalkItem[] {
    return this.#items.splice(0);
  }

  /** Adds an item. */
  add(item: WalkItem): void {
    this.#items.push(item);
  }

  /** Adds a failure. @throws {unknown} The error itself if it is not a FileError. */
  fail(error: unknown): void {
    if (!(error instanceof FileError)) throw error;
    this.#items.push({ type: "failed", error });
  }

  /** Adds the pack that is being filled. */
  flush(): void {
    const pack = this.#pack.take();
    if (pack) this.#items.push(pack);
  }

  /** Adds a directory, which the lister has opened, as the place of the following entries. */
  enter(root: number, path: string): void {
    if (this.#pack.isFull()) this.flush();
    this.#pack.enter(root, encodeName(path));
  }

  /** As `enter`, and the directory is sent itself. */
  directory(root: number, path: string): void {
    const { stat } = this.#lister;
    if (this.#pack.isFull()) this.flush();
    this.#setMode(stat, true);
    this.#pack.enter(root, encodeName(path), stat, this.#xattrs("directory"));
  }

  /** Adds a root that is a file. */
  rootFile(root: number): void {
    this.#pack.enter(root, NO_NAME);
    this.#file(root, "", NO_NAME, 0, 0, this.#xattrs("root"));
  }

  /** Adds the current entry, a file. @param directory path of its directory below the root. */
  file(root: number, directory: string): void {
    const { names, nameStart, nameEnd } = this.#lister;
    this.#file(root, directory, names, nameStart, nameEnd, this.#xattrs("entry"));
  }

  /** Adds parts of the current file, or of the root if the path is empty. Each part is a large file of its own. */
  parts(root: number, path: string, parts: readonly ({ range: ByteRange } | { joined: true })[]): void {
    this.#setMode(this.#lister.stat, false);
    const item = this.#large(root, path, this.#xattrs(path === "" ? "root" : "entry"));
    this.#items.push(...parts.map((part) => ({ ...item, ...part })));
  }

  /** Adds the current entry, a symbolic link. */
  symlink(): void {
    const { names, nameStart, nameEnd, stat } = this.#lister;
    const target = this.#lister.linkTarget();
    if (this.#pack.isFull()) this.flush();
    this.#pack.addLink(RecordType.symlink, names, nameStart, nameEnd, target, stat, this.#xattrs("entry"));
  }

  #file(
    root: number,
    directory: string,
    names: Uint8Array,
    start: number,
    end: number,
    xattrs: Uint8Array<ArrayBuffer> | undefined,
  ): void {
    const { stat } = this.#lister;
    this.#setMode(stat, false);
    if (stat.size > PACK_FILE_LIMIT) {
      const path = start === end ? directory : joinPath(directory, this.#lister.nameText());
      this.#items.push(this.#large(root, path, xattrs));
      return;
    }
    if (this.#pack.isFull(stat.size)) this.flush();
    this.#pack.addFile(names, start, end, stat, xattrs);
  }

  /** Returns the current file as a large one. */
  #large(root: number, path: string, xattrs: Uint8Array<ArrayBuffer> | undefined) {
    const { stat } = this.#lister;
    const identity = identityOfStat(stat);
    const [attributes, times] = [stat.attributes(), stat.changeTimes()];
    return { type: "ranged" as const, root, path, size: stat.size, attributes, identity, times, xattrs };
  }

  #setMode(stat: FileStat, isDirectory: boolean): void {
    if (this.#changeMode) stat.mode = this.#changeMode(stat.mode, isDirectory);
  }

  /** Returns the extended attributes. If they cannot be read, that is a failure, and the file is copied without them. */
  #xattrs(of: "root" | "directory" | "entry"): Uint8Array<ArrayBuffer> | undefined {
    const lister = this.#lister;
    if (!lister.xattrs) return undefined;
    try {
      return lister.xattrs(of, { follow: this.#follow || of === "root" });
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }
}
