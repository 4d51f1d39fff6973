/**
 * The record of a copy on the receiver, with which the same command resumes: the directories that the copy has created, its
 * finished files, and the directory with the journals of its large files.
 */

import type { KeptBackup } from "../../files/engine/target_place.ts";
import type { RecordedTarget } from "../../files/engine/partial_file.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { isNewDirectory } from "../../files/target/name.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { type ExactIdentity, exactIdentity, isExactly, isSameFile } from "../../files/stat/file_identity.ts";
import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import { MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import type { FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { CompletionLog, type SharedCompletions } from "../../resume/run/completion_log.ts";
import { readDirectories, removeUnusedRecord } from "../../resume/run/open_record.ts";
import type { CreatedDirectory, DirectorySource } from "../../resume/run/record.ts";
import { stateErrorOf } from "../../resume/state_directory.ts";
import { bootId } from "../host_identity.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { fullTarget, placeOf, type RecordPlace } from "./record_place.ts";

/** Source in the digest of a backup. No file has this number of nanoseconds. */
const NO_SOURCE = { size: 0, mtime: 0, mtimeNs: 0xffffffff, version: 0 };

/** Files and bytes that the sender has found so far. */
interface WalkTotals {
  files: number;
  bytes: number;
  complete: boolean;
}

/** The record of one copy. */
export class ResumeRecord {
  readonly #options: ReceiveOptions;
  readonly #place: RecordPlace | undefined;
  /** Directories that earlier runs have created, by inode. */
  readonly #directories: Map<number, CreatedDirectory[]>;
  #records: string | undefined;
  #log: CompletionLog | undefined;
  #finished: FinishedFiles | undefined;
  #problem: string | undefined;

  private constructor(options: ReceiveOptions, { place, records, log, directories = [] }: EarlierRun = {}) {
    this.#options = options;
    this.#place = place;
    this.#records = records;
    this.#log = log;
    this.#directories = Map.groupBy(log?.directories ?? directories, ({ inode }) => inode);
  }

  /** Finds the record of an earlier run. Removes it with --no-resume. Creates nothing. */
  static async find(options: ReceiveOptions, sources: readonly WireSource[]): Promise<ResumeRecord> {
    const { machine: { files, state }, job: { resume, comparison }, toOutput } = options;
    if (files.dummy || toOutput || sources.length === 0) return new ResumeRecord(options);
    // The plan refuses such a target, and the session must not touch its record.
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

  /** Reason why this copy cannot be resumed; undefined if it can, or was not requested. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Data for the writing threads; undefined if finished files are not recorded. */
  get shared(): SharedCompletions | undefined {
    return this.#log?.shared;
  }

  /** Whether an earlier run has finished files, so that the sender may let this end compare them. */
  get continues(): boolean {
    return this.shared?.known !== undefined;
  }

  /** Token for temporary names, the same in every run of this copy; undefined if there is no record. */
  get token(): string | undefined {
    return this.#log?.token;
  }

  /** Whether the record is from an earlier run, which may have left temporary files. */
  get reopened(): boolean {
    return this.#log?.reopened ?? false;
  }

  /** Whether `close` keeps the record for a later run. */
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

  /** Creates the record if the copy may be resumed. Call it before the directories of the roots are created. */
  async begin(roots: readonly TargetRoot[], found: WalkTotals): Promise<void> {
    if (!this.#place || roots.every(({ kind }) => kind === "device")) return;
    const isSingle = found.complete && found.files <= 1;
    if (!this.#log) {
      const hasRecord = !isSingle || roots.some(isNewDirectory);
      if (!hasRecord && found.bytes < MIN_RESUMED_BYTES) return;
      await this.#make(this.#place, { hasRecord });
    }
    const { session, job, listing } = this.#options;
    const { comparison, preserve, xattrs, acls, sparse, fsync, verify } = job;
    if (!this.#log || comparison || isSingle || !session.features.includes("rerun")) return;
    this.#log.startRecording({
      options: JSON.stringify({ preserve, xattrs, acls, sparse, fsync }),
      bootId: bootId(),
      stable: fsync,
      // A listed digest must be that of the source, and not only that of the target.
      compareKnown: verify || listing !== undefined,
    });
    const { FinishedFiles } = await import("../../resume/run/finished_files.ts");
    this.#finished = new FinishedFiles(this.shared!, roots);
  }

  /** Creates the state directory, and the record in it. A single large file has only a journal. */
  async #make({ target, recordIn }: RecordPlace, { hasRecord }: { hasRecord: boolean }): Promise<void> {
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

  /** Records the directories that were created for the roots. */
  addCreated(roots: readonly TargetRoot[], sources: readonly WireSource[]): void {
    if (!this.#log) return;
    const created = roots.flatMap((root, index): CreatedDirectory[] => {
      if (!isNewDirectory(root)) return [];
      const actual = identityAt(root.path);
      // Another directory may have this name now.
      if (!actual || (root.identity && !isSameFile(root.identity, actual))) return [];
      const { name, dev, inode } = sources[index];
      return [{ source: { name, identity: { dev, inode } }, ...actual }];
    });
    this.#log.addDirectories(created);
  }

  /** Records the digests of files that have their final names. */
  addFiles(digests: Uint32Array): void {
    this.#log?.addFiles(digests);
  }

  /** Records a large file that has its final name. */
  addLarge(
    { root, path, size, version, attributes: { mtime, mtimeNs } }: MessageOf<"open">,
    stat: FileStatSnapshot,
  ): void {
    if (version === undefined || !this.#finished) return;
    this.addFiles(this.#finished.digestOf(root, path, { size, mtime, mtimeNs, version }, stat));
  }

  /** Records a backup, which a later run may restore. */
  addBackup(backup: KeptBackup): void {
    if (this.#finished) this.addFiles(backupDigest(this.#finished, backup));
  }

  /** Returns whether an earlier run has recorded this backup. */
  hasBackup(backup: KeptBackup): boolean {
    if (!this.#finished) return false;
    backupDigest(this.#finished, backup);
    return this.#finished.isRecorded;
  }

  /** Removes the record, because the copy is complete. */
  complete(): void {
    this.#log?.remove();
  }

  /** Keeps the record for a later run, unless the copy is complete. */
  close(): void {
    this.#log?.close();
  }
}

/** Data of an earlier run. */
interface EarlierRun {
  place?: RecordPlace;
  records?: string;
  log?: CompletionLog;
  directories?: CreatedDirectory[];
}

/** Returns the identity of a directory; undefined if it cannot be read, for example because its name is not UTF-8. */
function identityAt(path: string): ExactIdentity | undefined {
  try {
    return exactIdentity(Deno.lstatSync(path));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

function backupDigest(finished: FinishedFiles, { root, path, identity: { dev, inode } }: KeptBackup): Uint32Array {
  const stat = { mtime: dev, mtimeNs: dev / 2 ** 32, inode, inodeLow: inode % 2 ** 32 };
  return finished.digestOf(root, path, NO_SOURCE, stat);
}

/** Opens the record of an earlier run. @returns undefined if it cannot be opened; `begin` reports the error. */
async function reopen(place: RecordedTarget): Promise<CompletionLog | undefined> {
  try {
    return await CompletionLog.open(place, { create: false });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
