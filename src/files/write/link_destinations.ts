/** Hard links to unchanged files of the directories of `--link-dest`. */

import { FileError } from "../../errors.ts";
import type { RecordCursor } from "../../protocol/data/records.ts";
import { decodeName } from "../../protocol/names.ts";
import type { LinkDestinations } from "../engine/link_destinations.ts";
import type { RangeReader } from "../engine/source.ts";
import type { KeptBackup, PendingDirectory, TargetPlace } from "../engine/target_place.ts";
import type { TargetComparer } from "../engine/target_comparer.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { joinPath } from "../path/local_path.ts";
import { identityOfStat, isSameFile } from "../stat/file_identity.ts";
import { type Attributes, FileKind, FileStat } from "../stat/file_stat.ts";
import { AtomicWriter } from "./atomic_writer.ts";
import { BackupDirectories } from "./backup_directories.ts";
import type { EngineDirectory, WriterOptions } from "./target_directory.ts";

/** Operations of an engine. */
export interface LinkEngine<Name, Staged> {
  openDirectory(options: WriterOptions): EngineDirectory<Name, Staged>;
  openComparer(options: WriterOptions): TargetComparer;
}

export class EngineLinkDestinations<Name, Staged> implements LinkDestinations {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #backups: BackupDirectories<Name, Staged>;
  readonly #comparer: TargetComparer;
  /** Indexes of the first destination of each root in the roots of the writer, and that after the last one. */
  readonly #starts: number[];
  #root = -1;
  /** Current directory, relative to the root, followed by a NUL. */
  #directory = new Uint8Array(1);
  /** Index of the destination that the comparer has entered, and whether the directory exists in it. */
  #entered = { index: -1, exists: false };
  readonly #linked = new FileStat();
  /** Name of the current file. */
  #name = "";
  #changed: TargetPlace[] = [];

  constructor(engine: LinkEngine<Name, Staged>, { roots, options }: WriterOptions) {
    const all = [...roots];
    this.#starts = roots.map((root) => {
      const start = all.length;
      all.push(...destinationsOf(root));
      return start;
    });
    this.#starts.push(all.length);
    const given = { roots: all, options };
    this.#backups = new BackupDirectories((options) => engine.openDirectory(options), given);
    this.#writer = new AtomicWriter(engine.openDirectory(given), given, this.#backups);
    // No link on the path is followed, because another user may have created it.
    this.#comparer = engine.openComparer({ roots: all, options: { ...options, dirlinks: undefined } });
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#root = root;
    this.#directory = bytes.slice(start, end + 1);
    this.#entered.index = -1;
  }

  find(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, attributes: Attributes): boolean {
    const root = this.#writer.roots[this.#root];
    this.#name = root.kind === "file" ? root.name : decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    for (let index = this.#starts[this.#root]; index < this.#starts[this.#root + 1]; index++) {
      if (this.#isUnchanged(index, cursor, bytes, attributes)) return true;
    }
    return false;
  }

  open(): RangeReader {
    return this.#comparer.open();
  }

  link(): void {
    const writer = this.#writer;
    const { directory, staging } = writer;
    const path = decodeName(this.#directory.subarray(0, -1));
    writer.enter(this.#root, path, { create: true });
    const isFile = writer.roots[this.#root].kind === "file";
    const text = this.#name;
    const first = { root: this.#entered.index, directory: path, name: text, path: isFile ? "" : joinPath(path, text) };
    const source = staging.openLinkSource(first);
    try {
      const link = writer.createLink(directory.nameOf(text), () => source.createLink(directory.nameOf(text)));
      const isLinked = directory.stat(directory.nameOf(staging.temporaryOf(link)), this.#linked) &&
        isSameFile(this.#linked, identityOfStat(this.#comparer.stat));
      const name = directory.nameOf(text);
      if (!isLinked) {
        const failure = new FileError("link to", this.#comparer.path, "it was replaced while it was compared");
        throw writer.abandon(link, name, "create", failure);
      }
      writer.commitLink(link, name);
      const last = this.#changed.at(-1);
      if (last?.root !== this.#root || last.path !== path) this.#changed.push({ root: this.#root, path });
      // rename(2) succeeds and does nothing if both are already names of one file.
      staging.discard(link);
    } finally {
      source.close();
    }
  }

  takeCreated(): PendingDirectory[] {
    return this.#writer.directory.takeCreated();
  }

  takeChanged(): TargetPlace[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  takeBackups(): KeptBackup[] {
    return this.#writer.takeBackups();
  }

  close(): void {
    this.#writer.directory.close();
    this.#backups.close();
    this.#comparer.close();
  }

  #isUnchanged(
    index: number,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    attributes: Attributes,
  ): boolean {
    const comparer = this.#comparer;
    const { stat } = comparer;
    try {
      if (!this.#enter(index) || !comparer.examine(cursor, bytes)) return false;
      // A file of another user may have been planted there, and can change later.
      return stat.kind === FileKind.file && stat.size === cursor.size && comparer.hasAttributes(attributes) &&
        comparer.hasOwner(attributes);
    } catch (error) {
      // A file that cannot be examined is sent.
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  #enter(index: number): boolean {
    if (this.#entered.index === index) return this.#entered.exists;
    this.#entered = { index, exists: false };
    this.#entered.exists = this.#comparer.enter(index, this.#directory, 0, this.#directory.length - 1);
    return this.#entered.exists;
  }
}

/** Returns the roots of the destinations of a root. */
function destinationsOf(root: TargetRoot): TargetRoot[] {
  if (root.kind === "device") return [];
  return (root.linkDestinations ?? []).map(({ directory, identity, within }) =>
    root.kind === "file"
      ? { kind: "file", directory, name: root.name, identity, within }
      : { kind: "folder", path: directory, created: false, identity, within }
  );
}
