/** Large files: created and committed here, written by any thread in between. */

import { FileError } from "../../errors.ts";
import { isMountPoint } from "../../native/file/mount_points.ts";
import { OpenPartials } from "../../resume/partial/open_partials.ts";
import { hasRecord, removeEarlier, takeOver } from "../../resume/partial/take_over.ts";
import { decodeName } from "../../protocol/names.ts";
import type { RangeReader } from "../engine/source.ts";
import type {
  BegunPartial,
  KeptBackup,
  Partial,
  PartialFileWriter,
  PendingDirectory,
  RangeWriter,
  Resumable,
} from "../engine/target.ts";
import { joinPath } from "../path/local_path.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { type FileIdentity, planted, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { type Attributes, FileKind, FileStat, type FileStatSnapshot } from "../stat/file_stat.ts";
import { mayDelete, ownUser } from "../target/directory_access.ts";
import { mayHold } from "../target/held_directories.ts";
import { checkShape, splitTarget, targetText } from "../target/name.ts";
import { SparseWriter } from "../target/sparse_writer.ts";
import { syncDevice, syncFile } from "../target/sync.ts";
import { isLargeSource, mayBeSource } from "../target/same_file.ts";
import type { AtomicWriter, InPlaceFile } from "./atomic_writer.ts";
import type { KnownFile, PartialCalls } from "./target_directory.ts";

export class PartialFiles<Name, Staged> implements PartialFileWriter {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #calls: PartialCalls<Staged>;
  readonly #open = new OpenPartials();

  constructor(writer: AtomicWriter<Name, Staged>, calls: PartialCalls<Staged>) {
    this.#writer = writer;
    this.#calls = calls;
  }

  takeCreated(): PendingDirectory[] {
    return this.#writer.directory.takeCreated();
  }

  takeBackups(): KeptBackup[] {
    return this.#writer.takeBackups();
  }

  /** @param holds Whether the file stays open, so that no other file gets its inode. Default: if others can write here. */
  create(root: number, path: string, size: number, holds?: boolean): Partial {
    const { directory, roots, staging } = this.#writer;
    const target = roots[root];
    checkShape(target, path !== "");
    if (target.kind === "device") return { root, path, temporary: "", size, identity: UNKNOWN_FILE };
    const name = this.#enterTarget(root, path);
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
    { resumable, source: from }: { resumable?: Resumable; source?: FileIdentity } = {},
  ): Promise<BegunPartial> {
    const { options, roots } = this.#writer;
    const target = roots[root];
    checkShape(target, path !== "");
    const same = mayBeSource(target) ? this.#findSource(root, path, from) : undefined;
    if (same) return { partial: { root, path, ...same, size, same: true }, kept: [] };
    if (target.kind === "device") return { partial: this.create(root, path, size), kept: [] };
    const name = this.#enterTarget(root, path);
    const opened = options.inplace || this.#isNameFixed(name) ? this.#writer.openInPlace(name) : undefined;
    if (opened) return this.#inPlace(opened, { root, path, size });
    try {
      return await this.#beginReplacing(root, path, size, resumable);
    } catch (error) {
      return this.#inPlace(this.#writer.openRefused(this.#enterTarget(root, path), error), { root, path, size });
    }
  }

  async #beginReplacing(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    const { directory, options } = this.#writer;
    if (resumable && (resumable.source || hasRecord(resumable))) {
      this.#enterTarget(root, path);
      // Other directories are entered while this one waits.
      const place = directory.keepPlace();
      try {
        const { source, record: journal, checking } = resumable;
        const taken = source
          ? await takeOver(place.path, resumable, source, { compares: options.localCopy, checking })
          : await removeEarlier(place.path, resumable);
        if (taken) {
          const { partial: { name: temporary, ...identity }, kept, continued } = taken;
          const partial = { root, path, temporary, size, journal, continued, identity };
          this.#open.add(partial, { locked: taken });
          return { partial, kept };
        }
      } finally {
        place.close();
      }
    }
    return { partial: this.create(root, path, size, true), kept: [] };
  }

  #inPlace(
    { staged, file }: InPlaceFile<Staged>,
    place: Pick<Partial, "root" | "path" | "size">,
  ): BegunPartial {
    this.#writer.staging.close(staged);
    return { partial: { ...place, ...file, inPlace: true }, kept: [] };
  }

  /** Returns whether the file of a name in the current directory cannot be replaced: the rename would fail at the end. */
  #isNameFixed(name: Name): boolean {
    const { directory } = this.#writer;
    const existing = new FileStat();
    try {
      if (!directory.stat(name, existing) || existing.kind !== FileKind.file) return false;
      const { uid, mode } = Deno.statSync(directory.place);
      const user = ownUser() ?? 0;
      if (user !== 0 && !mayDelete(user, existing, { uid: uid ?? 0, mode: mode ?? 0 })) return true;
      return isMountPoint(joinPath(Deno.realPathSync(directory.place), decodeName(directory.bytesOf(name))));
    } catch {
      // Creating the file reports the failure.
      return false;
    }
  }

  open(partial: Partial): RangeWriter {
    this.#enter(partial);
    try {
      const writer = this.#calls.openWriter(partial, this.#textOf(partial));
      return this.#writer.options.sparse ? new SparseWriter(writer) : writer;
    } finally {
      // The stream needs only the file. Its directory would occupy two more descriptors per stream.
      this.#writer.directory.close();
    }
  }

  read(partial: Partial): RangeReader {
    this.#enter(partial);
    return this.#calls.openReader(partial, this.#textOf(partial));
  }

  async sync(partial: Partial): Promise<void> {
    const target = this.#writer.roots[partial.root];
    if (target.kind === "device") return await syncDevice(target.path);
    const text = this.#textOf(partial);
    this.#enter(partial);
    if (!this.#calls.hasName(partial)) throw planted("write", text);
    await syncFile(this.#pathOf(partial), text);
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined {
    const target = this.#writer.roots[partial.root];
    if (target.kind === "device" || partial.same) return undefined;
    const name = this.#enterTarget(partial.root, partial.path);
    if (partial.inPlace) return this.#commitInPlace(partial, name, attributes, xattrs);
    try {
      const staged = this.#calls.openStaged(partial, this.#textOf(partial));
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
    const staged = this.#calls.openStaged(partial, text);
    try {
      this.#writer.staging.setSize(staged, partial.size);
    } catch (error) {
      this.#writer.staging.close(staged);
      throw failedDeno("write", text, error);
    }
    return this.#writer.commitInPlace(staged, name, attributes, xattrs);
  }

  discard(partial: Partial): void {
    if (partial.temporary === "" || partial.same || partial.inPlace) return;
    try {
      this.#enter(partial);
      // Another file of this name stays.
      if (this.#calls.hasName(partial)) this.#calls.remove(partial);
      this.#open.remove(partial);
    } catch (error) {
      // The directory is gone or unreachable, so nothing can be removed from it.
      if (!(error instanceof FileError)) throw error;
      this.#open.leave(partial);
    }
  }

  keep(partial: Partial): void {
    if (this.#open.isWorthKeeping(partial) || this.#isComparable(partial)) this.#open.leave(partial);
    else this.discard(partial);
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
    if (!this.#writer.options.localCopy || partial.journal === undefined) return false;
    try {
      this.#enter(partial);
      return Deno.statSync(this.#pathOf(partial)).blocks !== 0;
    } catch {
      // The directory is gone or unreachable: no later copy finds the file.
      return false;
    }
  }

  /** Returns name and identity of a target that is its own source; undefined if it is not. */
  #findSource(
    root: number,
    path: string,
    from: FileIdentity | undefined,
  ): KnownFile | undefined {
    const { directory, roots } = this.#writer;
    const name = this.#enterTarget(root, path);
    const existing = new FileStat();
    try {
      if (!directory.stat(name, existing) || !isLargeSource(roots[root], from, existing)) return undefined;
    } catch (error) {
      throw failedDeno("write", directory.textOf(name), error);
    }
    return { temporary: decodeName(directory.bytesOf(name)), identity: { dev: existing.dev, inode: existing.inode } };
  }

  /** Enters the directory of a target. Returns the final name. */
  #enterTarget(root: number, path: string): Name {
    const { directory, name } = splitTarget(this.#writer.roots[root], path);
    this.#writer.enter(root, directory, { create: true });
    return this.#writer.directory.nameOf(name);
  }

  /** Enters the directory of a partial file. */
  #enter({ root, path }: Partial): void {
    this.#writer.enter(root, splitTarget(this.#writer.roots[root], path).directory, { create: true });
  }

  /** Returns the path by which `Deno.*` reaches a partial file in the current directory. */
  #pathOf({ temporary }: Partial): string {
    return joinPath(this.#writer.directory.place, temporary);
  }

  #textOf({ root, path }: Partial): string {
    return targetText(this.#writer.roots[root], path);
  }
}
