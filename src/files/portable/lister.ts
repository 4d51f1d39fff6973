/** Lists directories with `Deno.*`, which replaces bytes that are not UTF-8 with U+FFFD. Such an entry fails. */

import { FileError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import type { ReadOptions, SourceRoot } from "../engine/source.ts";
import { checkRealPath } from "../target/confinement.ts";
import { codeOf, failedDeno, failedWith, FileCode, unexpectedLink } from "../stat/file_failure.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import type { DirectoryLister } from "../engine/directory_lister.ts";
import { joinPath } from "../path/local_path.ts";
import { LinkCheck } from "./access.ts";
import { readPath, sentModeMask } from "./stat.ts";
import { gapNote } from "./runtime_gaps.ts";
import { notText } from "./text_lister.ts";

/** Replacement of bytes that are not UTF-8. The file cannot be opened by such a name. */
export const REPLACEMENT = "\ufffd";
/** Number of entries that are fetched at a time, because a whole listing takes half a kilobyte per entry. */
const PIECE = 1024;

export class PortableLister implements DirectoryLister {
  readonly stat = new FileStat();
  readonly note = gapNote();
  names: Uint8Array = new Uint8Array(0);
  readonly nameStart = 0;
  kind = 0;
  #entries: Iterator<Deno.DirEntry> | undefined;
  /** Source of further entries. Deno before 2.9 reads all of them at once. */
  #source: AsyncIterator<Deno.DirEntry> | undefined;
  /** Number of entries left in the last piece. */
  #left = 0;
  #failure: FileError | undefined;
  #directory = "";
  #name = "";
  /** Names with U+FFFD in the open directory. If a name comes twice, at least one of the two is not UTF-8. */
  readonly #replaced = new Set<string>();
  #isRepeated = false;
  readonly #modeMask: number;
  readonly #links: LinkCheck | undefined;

  constructor({ preserve = false, follow = true }: ReadOptions = {}) {
    this.#modeMask = sentModeMask(preserve);
    this.#links = follow ? undefined : new LinkCheck();
  }

  get nameEnd(): number {
    return this.names.length;
  }

  /** Path of the directory that was opened last. */
  get directory(): string {
    return this.#directory;
  }

  statRoot(root: SourceRoot): void {
    this.#stat(root.path, true);
  }

  openDirectory(root: SourceRoot, path: string, options: { follow: boolean }): void {
    this.closeDirectory();
    this.#directory = joinPath(root.path, path);
    this.#replaced.clear();
    this.#stat(this.#directory, options.follow);
    if (this.stat.kind === FileKind.symlink) throw unexpectedLink(this.#directory, "read");
    if (this.stat.kind !== FileKind.directory) throw failedWith("read", this.#directory, "ENOTDIR");
    checkRealPath("read", this.#directory, root.within);
    this.#links?.check(root.path, path);
    // Not `Deno.readDirSync`, which reads all entries. The size of a directory does not show their number on every system.
    this.#source = Deno.readDir(this.#directory)[Symbol.asyncIterator]();
  }

  fetch(): Promise<void> | undefined {
    this.#throwFailure();
    return this.#source && this.#left === 0 ? this.#fetch(this.#source) : undefined;
  }

  nextEntry(): boolean {
    const entry = this.#entries?.next();
    if (!entry || entry.done) {
      this.#throwFailure();
      return false;
    }
    this.#left--;
    const { name, isFile, isDirectory, isSymlink } = entry.value;
    this.#name = name;
    this.names = encodeName(name);
    this.kind = isFile ? FileKind.file : isDirectory ? FileKind.directory : isSymlink ? FileKind.symlink : 0;
    // `statEntry` must find out whether the name is real before the entry is treated as a directory.
    if (name.includes(REPLACEMENT)) {
      this.kind = 0;
      this.#isRepeated = this.#replaced.has(name);
      this.#replaced.add(name);
    }
    return true;
  }

  nameText(): string {
    return this.#name;
  }

  statEntry(options: { follow: boolean }): void {
    const path = joinPath(this.#directory, this.#name);
    if (this.#name.includes(REPLACEMENT)) {
      if (this.#isRepeated) throw notText(path);
      checkName(path);
    }
    this.#stat(path, options.follow);
  }

  linkTarget(): Uint8Array {
    const path = joinPath(this.#directory, this.#name);
    try {
      const target = Deno.readLinkSync(path);
      if (!target.includes(REPLACEMENT)) return encodeName(target);
    } catch (error) {
      throw failedDeno("read", path, error);
    }
    throw new FileError("read", path, "its target is not UTF-8", { code: FileCode.notText });
  }

  closeDirectory(): void {
    this.#entries = undefined;
    this.#source?.return?.().catch(() => {});
    this.#source = undefined;
    this.#failure = undefined;
    this.#left = 0;
  }

  async #fetch(source: AsyncIterator<Deno.DirEntry>): Promise<void> {
    const piece: Deno.DirEntry[] = [];
    let more = true;
    try {
      while (more && piece.length < PIECE) {
        const { value, done } = await source.next();
        if (done) more = false;
        else piece.push(value);
      }
    } catch (error) {
      this.#failure = failedDeno("read", this.#directory, error);
      more = false;
    }
    // The directory was closed meanwhile.
    if (this.#source !== source) return;
    if (!more) this.#source = undefined;
    this.#entries = piece.values();
    this.#left = piece.length;
  }

  /** @throws {FileError} The failure of the last fetch. */
  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  #stat(path: string, follow: boolean): void {
    try {
      readPath(path, { follow }, this.stat);
      this.stat.mode &= this.#modeMask;
    } catch (error) {
      throw failedDeno("read", path, error);
    }
  }
}

/** Checks that the name really contains U+FFFD. @throws {FileError} Code "EILSEQ". */
function checkName(path: string): void {
  try {
    Deno.lstatSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw failedDeno("read", path, error);
    throw notText(path, error);
  }
}
