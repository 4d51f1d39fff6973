/**
 * Cleans by the records of the state directory: finds the leftovers of abandoned copies in any directory of this machine
 * without a walk. A partial file is removed with its record if it is still the recorded file.
 */

import { FileError } from "../../errors.ts";
import { isWithin } from "../../files/target/confinement.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../../files/path/local_path.ts";
import { decodeJournalHeader, type NamedPartial } from "../partial/journal.ts";
import { bytesOnDisk, changeTime, type LeftoverOptions } from "./leftovers.ts";
import { lockExisting } from "../lock_record.ts";
import { openOwnFile, readBeginning, statExact } from "../own_file.ts";
import { MAX_HEADER_BYTES } from "../record_header.ts";
import { decodeRunHeader } from "../run/record.ts";
import { recordKind, type StateDirectory } from "../state_directory.ts";
import { UNKNOWN_FILE } from "../../files/stat/file_identity.ts";

/** Selects records. */
export interface RecordFilter {
  /** Directories, without symbolic links, that contain the targets. Default: all records. */
  within?: readonly string[];
  /** Directory, without symbolic links, that the host confines sessions to. Default: no confinement. */
  confinedTo?: string;
}

/** Files that were not removed. */
export interface KeptRecords {
  /** Number of files that a copy uses or that are too recent. */
  kept: number;
  /** Names of the partial files in records. A walk skips them. */
  recorded: Set<string>;
}

/** Contents of a record; undefined for unreadable parts. */
interface RecordContents {
  target?: string;
  partial?: NamedPartial;
}

/** Cleans by records. Damaged records are removed if they are old enough. */
export async function cleanRecords(
  state: StateDirectory,
  filter: RecordFilter,
  files: FileEngine,
  options: Omit<LeftoverOptions, "recorded">,
): Promise<KeptRecords> {
  const cleaner = new RecordCleaner(filter, files, options);
  const own = await state.find();
  for (const directory of state.all()) {
    for (const path of recordsIn(directory)) {
      await options.yieldIfDue();
      // Records of other machines name files on a shared file system. Only the other machine knows whether it uses them.
      if (directory === own) await cleaner.clean(path);
      else await cleaner.addPartialName(path);
    }
  }
  return cleaner.result;
}

class RecordCleaner {
  readonly result: KeptRecords = { kept: 0, recorded: new Set() };
  readonly #filter: RecordFilter;
  readonly #files: FileEngine;
  readonly #options: Omit<LeftoverOptions, "recorded">;

  constructor(filter: RecordFilter, files: FileEngine, options: Omit<LeftoverOptions, "recorded">) {
    this.#filter = filter;
    this.#files = files;
    this.#options = options;
  }

  /** Adds the partial file of a record to the result. Returns the contents of the record. */
  async addPartialName(path: string): Promise<RecordContents | undefined> {
    const contents = await this.#attempt(path, () => readRecord(path));
    if (contents?.partial) this.result.recorded.add(contents.partial.name);
    return contents;
  }

  /** Removes a record and its partial file if the filter selects the record and both are old enough. */
  async clean(path: string): Promise<void> {
    const contents = await this.addPartialName(path);
    if (contents && this.#isSelected(contents)) await this.#attempt(path, () => this.#clean(path));
  }

  /** Reports an error of the system as one failure. */
  async #attempt<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      this.#options.onFailed(failedDeno("remove", path, error));
      return undefined;
    }
  }

  /** A damaged record has no known target, so it is only selected if there is no filter. */
  #isSelected({ target }: RecordContents): boolean {
    const { within, confinedTo } = this.#filter;
    if (target === undefined) return within === undefined && confinedTo === undefined;
    if (confinedTo !== undefined && !isWithin(target, confinedTo)) return false;
    return within === undefined || within.some((directory) => isWithin(target, directory));
  }

  async #clean(path: string): Promise<void> {
    const journal = await lockExisting(path);
    // The lock is held until both files are removed. A process that waits for it then finds that the record is gone.
    using lock = journal;
    const contents = await readRecord(path);
    if (!contents) return;
    const { target, partial } = contents;
    if (partial) this.result.recorded.add(partial.name);
    const beside = partial && target !== undefined ? this.#open(directoryOf(target)) : undefined;
    try {
      const partialPath = beside && joinPath(beside.place, partial!.name);
      const info = partialPath === undefined ? undefined : statExact(partialPath, partial!);
      const record = Deno.lstatSync(path);
      const changed = Math.max(changeTime(record), info ? changeTime(info) : -Infinity);
      if (!lock || changed >= this.#options.before) {
        this.result.kept += info ? 2 : 1;
        return;
      }
      if (info) this.#remove(partialPath!, joinPath(directoryOf(target!), partial!.name), info);
      this.#remove(path, path, record);
      // A different file with this name is left to the walk.
      if (partial && !info) this.result.recorded.delete(partial.name);
    } finally {
      beside?.close();
    }
  }

  #remove(path: string, text: string, info: Deno.FileInfo): void {
    const { dryRun, onRemoved } = this.#options;
    if (!dryRun) {
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw failedDeno("remove", text, error);
      }
    }
    onRemoved({ path: text, bytes: bytesOnDisk(info) });
  }

  /** Opens the directory of a target without following links; undefined if it was removed or replaced. */
  #open(directory: string): { place: string; close(): void } | undefined {
    const root: SourceRoot = {
      path: directory,
      name: "",
      kind: "folder",
      identity: UNKNOWN_FILE,
      size: 0,
      within: directory,
    };
    const tree = this.#files.openTree(root);
    try {
      tree.lister.openDirectory(root, "", { follow: true });
      return { place: tree.place, close: () => tree.close() };
    } catch (error) {
      tree.close();
      if (error instanceof FileError && ["ENOENT", "ENOTDIR", "ELOOP", "EXDEV"].includes(error.code ?? "")) {
        return undefined;
      }
      throw error;
    }
  }
}

/** Returns the paths of the records in a subdirectory of the state directory. */
function recordsIn(directory: string): string[] {
  const records: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(directory)) {
      if (recordKind(name)) records.push(joinPath(directory, name));
    }
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
  return records.sort();
}

/** Reads a record; undefined if it does not exist. */
async function readRecord(path: string): Promise<RecordContents | undefined> {
  using file = openOwnFile(path);
  if (!file) return undefined;
  const beginning = await readBeginning(file, MAX_HEADER_BYTES);
  if (recordKind(path.slice(path.lastIndexOf("/") + 1)) === "run") {
    return { target: decodeRunHeader(beginning)?.header.target };
  }
  return decodeJournalHeader(beginning)?.header ?? {};
}
