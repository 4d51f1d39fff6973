/**
 * What the receiving side remembers of a copy, so that the same command, run again, continues it: the directories that it
 * has created, the files that are finished, and where the journals of its large files are.
 */

import { FileError } from "../../errors.ts";
import type { KeptBackup } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { type ExactIdentity, exactIdentity, isExactly, isSameFile } from "../../files/stat/file_identity.ts";
import { baseName, directoryOf, joinPath, withoutTrailingSlashes } from "../../files/path/local_path.ts";
import { fullPath } from "../../files/target/plan.ts";
import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import type { FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { CompletionLog, type SharedCompletions } from "../../resume/run/completion_log.ts";
import { readDirectories, removeUnusedRecord, type RunPlace } from "../../resume/run/open_record.ts";
import type { CreatedDirectory, DirectorySource } from "../../resume/run/record.ts";
import { recordPath, stateErrorOf } from "../../resume/state_directory.ts";
import { bootId } from "../host_identity.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/** A smaller file is sent again in less time than it takes to look for what an earlier copy has left of it. */
export const LEAST_RESUMED_BYTES = 4 << 20;

/** Marks the digest of a backup: no source has so many nanoseconds. */
const NO_SOURCE = { size: 0, mtime: 0, mtimeNs: 0xffffffff, version: 0 };

/** What the sender has found so far. */
interface Found {
  files: number;
  bytes: number;
  complete: boolean;
}

/** One copy, on the receiving side. */
export class ResumeRecord {
  readonly #options: ReceiveOptions;
  readonly #place: Place | undefined;
  /** Directories that earlier runs have created, by inode. */
  readonly #directories: Map<number, CreatedDirectory[]>;
  #records: string | undefined;
  #log: CompletionLog | undefined;
  #finished: FinishedFiles | undefined;
  #problem: string | undefined;

  private constructor(options: ReceiveOptions, { place, records, log, directories = [] }: FoundRun = {}) {
    this.#options = options;
    this.#place = place;
    this.#records = records;
    this.#log = log;
    this.#directories = Map.groupBy(log?.directories ?? directories, ({ inode }) => inode);
  }

  /** Finds what an earlier run of this copy has left; with --no-resume it is removed. Makes nothing. */
  static async find(options: ReceiveOptions, sources: readonly WireSource[]): Promise<ResumeRecord> {
    const { machine: { files, state }, job: { resume, comparison }, toOutput } = options;
    if (files.dummy || toOutput || sources.length === 0) return new ResumeRecord(options);
    // The plan refuses such a target; its record is not the business of this session.
    if (options.confinement?.allows(fullTarget(options, sources[0])) === false) return new ResumeRecord(options);
    const records = await state.find();
    // Standard input cannot be read twice.
    if (sources[0].kind === "input") return new ResumeRecord(options, { records });
    const place = placeOf(options, sources[0]);
    const found = records === undefined ? undefined : { record: await place.recordIn(records), target: place.target };
    if (comparison?.dryRun) {
      const directories = resume && found ? await readDirectories(found) : [];
      return new ResumeRecord(options, { directories });
    }
    if (!resume) {
      if (found) await removeUnusedRecord(found);
      return new ResumeRecord(options, { records });
    }
    const log = found ? await reopen(found) : undefined;
    const directories = found && !log ? await readDirectories(found) : [];
    return new ResumeRecord(options, { place, records, log, directories });
  }

  /** Directory with the journals of large files; undefined if there is none. */
  get records(): string | undefined {
    return this.#records;
  }

  /** Why nothing of this copy can be resumed; undefined if it can, or nobody has asked for it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** For the threads that write; undefined: finished files are not remembered. */
  get shared(): SharedCompletions | undefined {
    return this.#log?.shared;
  }

  /** Whether an earlier run has finished anything: the sender may ask. */
  get continues(): boolean {
    return this.shared?.known !== undefined;
  }

  /** For the names of temporary files: the same in every run of this copy; undefined: there is no record. */
  get token(): string | undefined {
    return this.#log?.token;
  }

  /** Whether an earlier run began the record: it may have left temporary files that it could not remove. */
  get reopened(): boolean {
    return this.#log?.reopened ?? false;
  }

  /** Whether `close` leaves the record to a later run. */
  get isKept(): boolean {
    return this.#log?.isKept ?? false;
  }

  /** Returns whether an unfinished run of this copy has created the directory for this source. */
  isUnfinished(path: string, { name, identity }: DirectorySource): boolean {
    const actual = this.#directories.size > 0 ? identityAt(path) : undefined;
    const created = actual && this.#directories.get(actual.inode);
    return created?.some(({ source, ...one }) =>
      isExactly(one, actual!) && source.name === name && source.identity?.dev === identity?.dev &&
      source.identity?.inode === identity?.inode
    ) ?? false;
  }

  /** Begins the record, if the copy may be worth resuming. To be called before anything is made for these roots. */
  async begin(roots: readonly TargetRoot[], found: Found): Promise<void> {
    if (!this.#place || roots.every(({ kind }) => kind === "device")) return;
    const isSingle = found.complete && found.files <= 1;
    if (!this.#log) {
      const hasRecord = !isSingle || roots.some(isCreated);
      if (!hasRecord && found.bytes < LEAST_RESUMED_BYTES) return;
      await this.#make(this.#place, { hasRecord });
    }
    const { session, job, listing } = this.#options;
    const { comparison, preserve, xattrs, acls, sparse, fsync, verify } = job;
    if (!this.#log || comparison || isSingle || !session.features.includes("rerun")) return;
    this.#log.startRecording({
      options: JSON.stringify({ preserve, xattrs, acls, sparse, fsync }),
      bootId: bootId(),
      stable: fsync,
      // What is listed has to be what the source contains, and not only what the target does.
      compareKnown: verify || listing !== undefined,
    });
    const { FinishedFiles } = await import("../../resume/run/finished_files.ts");
    this.#finished = new FinishedFiles(this.shared!, roots);
  }

  /** Makes the state directory, and in it the record of this copy; a single large file has its journal alone. */
  async #make({ target, recordIn }: Place, { hasRecord }: { hasRecord: boolean }): Promise<void> {
    let records = "";
    try {
      records = await this.#options.machine.state.make();
      if (hasRecord) {
        this.#log = await CompletionLog.open({ record: await recordIn(records), target }, { create: true });
      }
      this.#records = records;
    } catch (error) {
      this.#problem = stateErrorOf(records, error).message;
      this.#records = undefined;
    }
  }

  /** Notes the directories that were created for these roots. */
  noteCreated(roots: readonly TargetRoot[], sources: readonly WireSource[]): void {
    if (!this.#log) return;
    const created = roots.flatMap((root, index): CreatedDirectory[] => {
      if (!isCreated(root)) return [];
      const actual = identityAt(root.path);
      // Another directory may have taken its place.
      if (!actual || (root.identity && !isSameFile(root.identity, actual))) return [];
      const { name, dev, inode } = sources[index];
      return [{ source: { name, identity: { dev, inode } }, ...actual }];
    });
    this.#log.addDirectories(created);
  }

  /** Notes the digests of files that have their final names. */
  note(digests: Uint32Array): void {
    this.#log?.addFiles(digests);
  }

  /** A large file has its final name. */
  noteLarge(
    { root, path, size, version, attributes: { mtime, mtimeNs } }: MessageOf<"open">,
    look: FileStatSnapshot,
  ): void {
    if (version === undefined || !this.#finished) return;
    this.note(this.#finished.digestOf(root, path, { size, mtime, mtimeNs, version }, look));
  }

  /** Notes a backup, which a later run may restore. */
  noteBackup(backup: KeptBackup): void {
    if (this.#finished) this.note(backupDigest(this.#finished, backup));
  }

  /** Returns whether an earlier run has noted this backup. */
  hasKept(backup: KeptBackup): boolean {
    if (!this.#finished) return false;
    backupDigest(this.#finished, backup);
    return this.#finished.isRecorded;
  }

  /** Everything is in place: there is nothing to be remembered. */
  complete(): void {
    this.#log?.remove();
  }

  /** Leaves to a later run what has not come to `complete`. */
  close(): void {
    this.#log?.close();
  }
}

/** What is found of an earlier run. */
interface FoundRun {
  place?: Place;
  records?: string;
  log?: CompletionLog;
  directories?: CreatedDirectory[];
}

/** What a run is known by: the target that the user named, and the first source. */
interface Place {
  /** Absolute, without symbolic links. */
  target: string;
  /** Path of the record in this state directory. */
  recordIn(records: string): Promise<string>;
}

function placeOf(options: ReceiveOptions, source: WireSource): Place {
  const full = fullTarget(options, source);
  const { name } = source;
  const target = realPath(full, options) ??
    joinPath(realPath(directoryOf(full), options) ?? directoryOf(full), baseName(full));
  return { target, recordIn: (records) => recordPath(records, "run", target, name) };
}

/** The absolute path of the target of this source. */
function fullTarget(options: ReceiveOptions, { target }: WireSource): string {
  return fullPath(target ?? options.target, options);
}

/** The path without symbolic links; undefined if nothing is there, or it cannot be told. */
function realPath(path: string, { machine: { files } }: ReceiveOptions): string | undefined {
  try {
    return files.paths.realPath(withoutTrailingSlashes(path));
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

/** Which directory it is; undefined if that cannot be told, as of a name that is not UTF-8. */
function identityAt(path: string): ExactIdentity | undefined {
  try {
    return exactIdentity(Deno.lstatSync(path));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

function backupDigest(finished: FinishedFiles, { root, path, identity: { dev, inode } }: KeptBackup): Uint32Array {
  const look = { mtime: dev, mtimeNs: dev / 2 ** 32, inode, inodeLow: inode % 2 ** 32 };
  return finished.digestOf(root, path, NO_SOURCE, look);
}

/** A record that cannot be opened is as good as none, until one is to be made. */
async function reopen(place: RunPlace): Promise<CompletionLog | undefined> {
  try {
    return await CompletionLog.open(place, { create: false });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether this copy creates the directory of the root, and not an earlier run of it. */
function isCreated(root: TargetRoot): root is Extract<TargetRoot, { kind: "folder" }> {
  return root.kind === "folder" && root.created && !root.continued;
}
