/**
 * Cleaning by the records of the state directory: finds what abandoned copies have left in any directory of this machine,
 * without walking. A partial file goes with its record, if it is still what the record says.
 */

import { FileError } from "../../errors.ts";
import { isWithin } from "../../files/target/confinement.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../../files/path/local_path.ts";
import { decodeJournalHeader, type NamedPartial } from "../partial/journal.ts";
import { bytesOnDisk, changeTime, type LeftoverOptions } from "./leftovers.ts";
import { lockExisting } from "../partial/lock_journal.ts";
import { openOwnFile, readBeginning, statExact } from "../own_file.ts";
import { MAX_HEADER_BYTES } from "../record_header.ts";
import { decodeRunHeader } from "../run/record.ts";
import { recordKind, type StateDirectory } from "../state_directory.ts";

/** Which records are cleaned. */
export interface RecordsToClean {
  /** Directories, without symbolic links, in which a target has to be; undefined: any. */
  within?: readonly string[];
  /** The same of what the host confines sessions to; undefined: nothing. */
  confinedTo?: string;
}

/** What is left to records. */
export interface KeptRecords {
  /** Number of files that were left alone: a copy uses them, or they are too young. */
  kept: number;
  /** Names of partial files that records name, which a walk leaves alone. */
  recorded: Set<string>;
}

/** What a record is about; undefined for parts that cannot be read. */
interface RecordContents {
  target?: string;
  partial?: NamedPartial;
}

/** Cleans by records. A record that is damaged goes when it is old enough. */
export async function cleanRecords(
  state: StateDirectory,
  wanted: RecordsToClean,
  files: FileEngine,
  options: Omit<LeftoverOptions, "recorded">,
): Promise<KeptRecords> {
  const cleaner = new RecordCleaner(wanted, files, options);
  const own = await state.find();
  for (const directory of state.all()) {
    for (const path of recordsIn(directory)) {
      await options.breathe();
      // Another machine's records name files of a file system that both have; whether they are in use it alone knows.
      if (directory === own) await cleaner.clean(path);
      else await cleaner.note(path);
    }
  }
  return cleaner.found;
}

class RecordCleaner {
  readonly found: KeptRecords = { kept: 0, recorded: new Set() };
  readonly #wanted: RecordsToClean;
  readonly #files: FileEngine;
  readonly #options: Omit<LeftoverOptions, "recorded">;

  constructor(wanted: RecordsToClean, files: FileEngine, options: Omit<LeftoverOptions, "recorded">) {
    this.#wanted = wanted;
    this.#files = files;
    this.#options = options;
  }

  /** Remembers the partial file of a record. */
  async note(path: string): Promise<RecordContents | undefined> {
    const contents = await this.#attempt(path, () => readRecord(path));
    if (contents?.partial) this.found.recorded.add(contents.partial.name);
    return contents;
  }

  async clean(path: string): Promise<void> {
    const contents = await this.note(path);
    if (contents && this.#isWanted(contents)) await this.#attempt(path, () => this.#clean(path));
  }

  /** What cannot be looked at or removed is one failure. */
  async #attempt<T>(path: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      this.#options.failed(failedDeno("remove", path, error));
      return undefined;
    }
  }

  /** A damaged record is about no place that anybody could name. */
  #isWanted({ target }: RecordContents): boolean {
    const { within, confinedTo } = this.#wanted;
    if (target === undefined) return within === undefined && confinedTo === undefined;
    if (confinedTo !== undefined && !isWithin(target, confinedTo)) return false;
    return within === undefined || within.some((directory) => isWithin(target, directory));
  }

  async #clean(path: string): Promise<void> {
    const journal = await lockExisting(path);
    // The lock is held until both are gone: whoever waits for it finds that the record is another then.
    using lock = journal;
    const contents = await readRecord(path);
    // It is gone.
    if (!contents) return;
    const { target, partial } = contents;
    if (partial) this.found.recorded.add(partial.name);
    const beside = partial && target !== undefined ? this.#open(directoryOf(target)) : undefined;
    try {
      const partialPath = beside && joinPath(beside.place, partial!.name);
      const info = partialPath === undefined ? undefined : statExact(partialPath, partial!);
      const record = Deno.lstatSync(path);
      const changed = Math.max(changeTime(record), info ? changeTime(info) : -Infinity);
      if (!lock || changed >= this.#options.before) {
        this.found.kept += info ? 2 : 1;
        return;
      }
      if (info) this.#remove(partialPath!, joinPath(directoryOf(target!), partial!.name), info);
      this.#remove(path, path, record);
      // Another file with this name is left to the walk.
      if (partial && !info) this.found.recorded.delete(partial.name);
    } finally {
      beside?.close();
    }
  }

  #remove(path: string, text: string, info: Deno.FileInfo): void {
    const { dryRun, removed } = this.#options;
    if (!dryRun) {
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw failedDeno("remove", text, error);
      }
    }
    removed({ path: text, bytes: bytesOnDisk(info) });
  }

  /** The directory of a target, through no symbolic link; undefined if it is gone, or another one has its path. */
  #open(directory: string): { place: string; close(): void } | undefined {
    const root: SourceRoot = {
      path: directory,
      name: "",
      kind: "folder",
      identity: { dev: 0, inode: 0 },
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

/** Paths of the records in a directory of the state directory. */
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

/** Reads what a record is about; undefined if it is gone. */
async function readRecord(path: string): Promise<RecordContents | undefined> {
  using file = openOwnFile(path);
  if (!file) return undefined;
  const beginning = await readBeginning(file, MAX_HEADER_BYTES);
  if (recordKind(path.slice(path.lastIndexOf("/") + 1)) === "run") {
    return { target: decodeRunHeader(beginning)?.header.target };
  }
  return decodeJournalHeader(beginning)?.header ?? {};
}
