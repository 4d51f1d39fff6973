/** Large files: created and committed here, written by any thread in between. */

import { FileError } from "../../errors.ts";
import { OpenPartials } from "../../resume/partial/open_partials.ts";
import { hasRecord } from "../../resume/partial/take_over.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import type { RangeReader } from "../engine/source.ts";
import type {
  BegunPartial,
  OldTarget,
  Partial,
  PartialFileWriter,
  RangeWriter,
  RecordedTarget,
  Resumable,
  ResumableSource,
} from "../engine/partial_file.ts";
import type { KeptBackup, PendingDirectory, RemovedPlace, TargetPlace } from "../engine/target_place.ts";
import { joinPath } from "../path/local_path.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import { type FileIdentity, planted, replaced, UNKNOWN_FILE } from "../stat/file_identity.ts";
import type { Attributes, FileStat, FileStatSnapshot } from "../stat/file_stat.ts";
import { mayHold } from "../target/held_directories.ts";
import { discardingWriter } from "../output/discarding_writer.ts";
import { checkShape, splitTarget, targetText } from "../target/name.ts";
import { SparseWriter } from "../output/sparse_writer.ts";
import { syncDevice, syncFile } from "../target/sync.ts";
import { movedToItself } from "../target/same_file.ts";
import type { AtomicWriter, InPlaceFile } from "./atomic_writer.ts";
import { ExistingTargets } from "./existing_targets.ts";
import { type FilePlace, PartialJournals } from "./partial_journals.ts";
import { SharedPartials } from "./shared_partials.ts";

export class PartialFiles<Name, Staged> implements PartialFileWriter {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #open = new OpenPartials();
  readonly #journals: PartialJournals<Name, Staged>;
  readonly #shared: SharedPartials<Name, Staged>;
  readonly #existing: ExistingTargets<Name, Staged>;

  constructor(writer: AtomicWriter<Name, Staged>) {
    this.#writer = writer;
    this.#journals = new PartialJournals(writer, this.#open);
    this.#shared = new SharedPartials(this.#open, this.#journals);
    this.#existing = new ExistingTargets(writer);
  }

  takeCreated(): PendingDirectory[] {
    return this.#writer.directory.takeCreated();
  }

  takeBackups(): KeptBackup[] {
    return this.#writer.takeBackups();
  }

  takeDeleted(): RemovedPlace[] {
    return this.#writer.takeDeleted();
  }

  /** @param holds Whether the file stays open, so that no other file gets its inode. Default: if others can write here. */
  create(root: number, path: string, size: number, holds?: boolean): Partial {
    const target = this.#writer.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size, identity: UNKNOWN_FILE };
    return this.#createHere(this.#enter({ root, path }, { create: true }), { root, path, size }, holds);
  }

  /** As `create`, in the current directory. */
  #createHere(name: Name, { root, path, size }: FilePlace, holds?: boolean): Partial {
    const { directory, staging } = this.#writer;
    const staged = this.#writer.create(name);
    let partial: Partial;
    try {
      staging.setSize(staged, size);
      partial = { root, path, temporary: staging.temporaryOf(staged), size, identity: staging.identityOf(staged) };
    } catch (error) {
      throw this.#writer.abandon(staged, name, "write", error);
    }
    const isHeld = (holds ?? directory.isShared) && mayHold();
    this.#open.add(partial, isHeld ? { pin: staging.detach(staged) } : {});
    staging.close(staged);
    return partial;
  }

  async begin(
    root: number,
    path: string,
    size: number,
    { resumable, source, delta }: { resumable?: Resumable; source?: FileIdentity; delta?: boolean } = {},
  ): Promise<BegunPartial> {
    const writer = this.#writer;
    const target = writer.roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { partial: this.create(root, path, size), kept: [] };
    const place = { root, path, size };
    const name = this.#enter(place, { create: true });
    const existing = this.#existing.stat(target, name);
    const same = this.#existing.ownSource(place, name, existing, source);
    if (same) {
      if (writer.options.moves) throw movedToItself(writer.directory.textOf(name));
      return { partial: same, kept: [] };
    }
    const old = delta && existing ? this.#existing.oldTarget(name, existing, place) : undefined;
    const begun = await this.#beginAt(name, existing, place, resumable);
    if (old) begun.partial.old = old;
    return begun;
  }

  async beginRange(
    root: number,
    path: string,
    size: number,
    { name, range, resumable, source }: {
      name: string;
      range: ByteRange;
      resumable?: Resumable;
      source?: FileIdentity;
    },
  ): Promise<BegunPartial> {
    const place = { root, path, size };
    const same = this.#sameFile(place, source, { create: true });
    if (same) return { partial: { ...same, sharedFrom: range.start }, kept: [] };
    return await this.#shared.begin(place, this.#textOf(place), { name, range, resumable });
  }

  async openJoined(
    root: number,
    path: string,
    size: number,
    { name, source }: { name: string; source?: FileIdentity },
  ): Promise<Partial> {
    const place = { root, path, size };
    const same = this.#sameFile(place, source);
    if (same) return same;
    const opened = await this.#shared.openJoined(place, this.#textOf(place), name);
    if (opened) return opened;
    // Another run may have finished the file.
    const entry = this.#enter(place);
    const existing = this.#existing.stat(this.#writer.roots[root], entry);
    const finished = existing?.size === size ? this.#writer.openInPlace(entry, existing) : undefined;
    if (!finished) throw new FileError("finish", this.#textOf(place), "the partial file of the shards is missing");
    this.#writer.staging.close(finished.staged);
    return { ...place, ...finished.file };
  }

  leaveRange(partial: Partial): void {
    this.#shared.leave(partial);
  }

  async removeJournals(): Promise<void> {
    await this.#shared.removeJournals();
  }

  /** Enters the directory of a file. Returns the file if it is its own source. */
  #sameFile(place: FilePlace, source: FileIdentity | undefined, options?: { create: boolean }): Partial | undefined {
    const root = this.#writer.roots[place.root];
    checkShape(root, place.path !== "");
    if (root.kind === "device") throw failedWith("write", root.path, "EINVAL");
    const name = this.#enter(place, options);
    return this.#existing.ownSource(place, name, this.#existing.stat(root, name), source);
  }

  async #beginAt(
    name: Name,
    existing: FileStat | undefined,
    place: FilePlace,
    resumable: Resumable | undefined,
  ): Promise<BegunPartial> {
    const writer = this.#writer;
    const isInPlace = existing && (writer.options.inplace || this.#existing.isNameFixed(name, existing));
    const opened = isInPlace ? writer.openInPlace(name, existing) : undefined;
    if (opened) return await this.#inPlace(opened, place, resumable);
    try {
      return await this.#beginReplacing(name, place, resumable);
    } catch (error) {
      return await this.#inPlace(writer.openRefused(this.#enter(place), error), place, resumable);
    }
  }

  async #beginReplacing(name: Name, place: FilePlace, resumable?: Resumable): Promise<BegunPartial> {
    const source = resumable?.source;
    const hasEarlier = resumable !== undefined && hasRecord(resumable);
    const isRecorded = source !== undefined && (!resumable?.later || hasEarlier);
    if (!isRecorded && !hasEarlier) return { partial: this.#createHere(name, place, true), kept: [] };
    this.#writer.checkCreatable(name, "write");
    if (isRecorded) {
      const begun = await this.#journals.takeOver(place, resumable!, source);
      if (begun) return begun;
    } else await this.#journals.removeEarlier(place, resumable);
    // Other directories were entered meanwhile.
    return { partial: this.create(place.root, place.path, place.size, true), kept: [] };
  }

  async startJournal(partial: Partial, target: RecordedTarget, source: ResumableSource): Promise<string | undefined> {
    this.#enter(partial);
    return await this.#journals.start(partial, target, source);
  }

  async #inPlace(
    { staged, file }: InPlaceFile<Staged>,
    place: FilePlace,
    resumable: Resumable | undefined,
  ): Promise<BegunPartial> {
    this.#writer.staging.close(staged);
    await this.#journals.removeEarlier(place, resumable);
    return { partial: { ...place, ...file }, kept: [] };
  }

  open(partial: Partial): RangeWriter {
    if (partial.same) return discardingWriter(this.#textOf(partial));
    this.#enter(partial);
    try {
      const writer = this.#writer.partials.openWriter(partial, this.#textOf(partial));
      return this.#writer.options.sparse ? new SparseWriter(writer) : writer;
    } finally {
      // The stream needs only the file. Its directory would occupy two more descriptors per stream.
      this.#writer.directory.close();
    }
  }

  read(partial: Partial): RangeReader {
    this.#enter(partial);
    return this.#writer.partials.openReader(partial, this.#textOf(partial));
  }

  readOld(partial: Partial, { name, identity, size }: OldTarget): RangeReader {
    const text = this.#textOf(partial);
    this.#enter(partial);
    let reader: RangeReader;
    try {
      reader = this.#writer.partials.openReader({ ...partial, temporary: name, identity }, text);
    } catch (error) {
      throw error instanceof FileError && error.code === "ESTALE" ? replaced("read", text) : error;
    } finally {
      this.#writer.directory.close();
    }
    // A file that is written in place may have grown already.
    if (reader.size === size || (partial.inPlace && reader.size > size)) return reader;
    reader.close();
    throw replaced("read", text);
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#writer.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    if (partial.same) return;
    const text = this.#textOf(partial);
    this.#enter(partial);
    if (!this.#writer.partials.hasName(partial)) throw planted("write", text);
    await syncFile(this.#pathOf(partial), text, partial.identity);
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined {
    const target = this.#writer.roots[partial.root];
    if (target.kind === "device" || partial.same) return undefined;
    const name = this.#enter(partial);
    if (partial.inPlace) return this.#commitInPlace(partial, name, attributes, xattrs);
    try {
      const staged = this.#writer.partials.openStaged(partial, this.#textOf(partial));
      try {
        this.#writer.staging.setSize(staged, partial.size);
      } catch (error) {
        throw this.#writer.abandon(staged, name, "write", error);
      }
      return this.#writer.commit(staged, name, attributes, xattrs);
    } finally {
      this.#open.remove(partial);
    }
  }

  #commitInPlace(
    partial: Partial,
    name: Name,
    attributes: Attributes,
    xattrs: Uint8Array | undefined,
  ): FileStatSnapshot | undefined {
    const text = this.#textOf(partial);
    const staged = this.#writer.partials.openStaged(partial, text);
    try {
      this.#writer.staging.setSize(staged, partial.size);
    } catch (error) {
      this.#writer.staging.close(staged);
      throw failedDeno("write", text, error);
    }
    return this.#writer.commitInPlace(staged, name, attributes, xattrs);
  }

  discard(partial: Partial): void {
    // Other processes may be writing to it, or its removal would hide a failure.
    if (partial.sharedFrom !== undefined) return this.#open.remove(partial);
    if (partial.temporary === "" || partial.same || partial.inPlace) return;
    try {
      this.#enter(partial);
      // Another file of this name stays.
      if (this.#writer.partials.hasName(partial)) this.#writer.directory.remove(partial.temporary);
      this.#open.remove(partial);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // The partial file was removed with its directory. In an unreachable directory it stays, with its journal.
      if (error.code === "ENOENT") this.#open.remove(partial);
      else this.#open.leave(partial);
    }
  }

  keep(partial: Partial): void {
    if (this.#open.isWorthKeeping(partial) || this.#isComparable(partial)) this.#open.leave(partial);
    else this.discard(partial);
  }

  /** Returns whether a temporary name is that of a partial file that was left for a later copy. */
  isLeft(name: string): boolean {
    return this.#open.isLeft(name);
  }

  /** Keeps or removes every partial file that is open. */
  abort(options: { keepPartials?: boolean }): void {
    for (const partial of this.#open) {
      if (options.keepPartials) this.keep(partial);
      else this.discard(partial);
    }
  }

  /** Returns whether a partial file contains bytes that its journal lacks, and that a later local copy can compare. */
  #isComparable(partial: Partial): boolean {
    if (!this.#writer.options.localCopy || !this.#open.hasJournal(partial)) return false;
    try {
      this.#enter(partial);
      return Deno.statSync(this.#pathOf(partial)).blocks !== 0;
    } catch {
      // The directory is gone or unreachable: no later copy finds the file.
      return false;
    }
  }

  /** Enters the directory of a large file. Returns the final name. @param options.create As in `AtomicWriter.enter`. */
  #enter({ root, path }: TargetPlace, options = { create: false }): Name {
    const { directory, name } = splitTarget(this.#writer.roots[root], path);
    this.#writer.enter(root, directory, options);
    return this.#writer.directory.nameOf(name);
  }

  /** Returns the path by which `Deno.*` reaches a partial file in the current directory. */
  #pathOf({ temporary }: Partial): string {
    return joinPath(this.#writer.directory.place, temporary);
  }

  #textOf({ root, path }: TargetPlace): string {
    return targetText(this.#writer.roots[root], path);
  }
}
