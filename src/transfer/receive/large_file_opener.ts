/** Opens the partial files of announced files: new ones, those of an earlier run, and those that shards write together. */

import type { BegunPartial, Resumable } from "../../files/engine/partial_file.ts";
import { isRefusedPath, privateName } from "../../files/path/private_names.ts";
import type { FileIdentity } from "../../files/stat/file_identity.ts";
import { targetText } from "../../files/target/name.ts";
import { checkRequested } from "../../files/target/requested_names.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import { encodeName } from "../../protocol/names.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import type { ResumeRecord } from "./resume_record.ts";
import type { ShardFiles, ShardFilesHost } from "./shard_files.ts";
import { TargetRecords } from "./target_records.ts";

/** Size from which a file has a journal at once. A smaller one gets it if it takes long: most are finished before that. */
const JOURNAL_AT_ONCE_BYTES = 64 << 20;

/** Options and callbacks of an opener. */
export interface LargeFileOpenerHost extends ShardFilesHost {
  readonly options: ReceiveOptions;
  /** Record of this run; undefined: finished files are not recorded. */
  readonly record?: ResumeRecord;
  /** Returns whether descriptors suffice for another journal. */
  mayKeepJournal(): boolean;
  /** Yields to the event loop. @throws {Deno.errors.Interrupted} if the transfer is over. */
  pause(): void | Promise<void>;
  /** Reports the bytes of an earlier run that are being verified. */
  checking(bytes: number): void;
}

/** An opened file. */
export interface OpenedFile extends BegunPartial {
  /** How a later run resumes the file; undefined if it cannot. */
  resumable?: Resumable;
}

/** Opens the large files of one receiver. */
export class LargeFileOpener {
  readonly #host: LargeFileOpenerHost;
  readonly #shards: ShardFiles;
  readonly #records: TargetRecords;
  /** Bytes of an earlier run that are being verified. */
  #checkingBytes = 0;

  constructor(host: LargeFileOpenerHost, shards: ShardFiles) {
    const { record, roots, options: { job, machine: { files } } } = host;
    this.#host = host;
    this.#shards = shards;
    this.#records = new TargetRecords(record?.records, roots, files.paths, { dirlinks: job.dirlinks });
  }

  /** Creates or resumes the partial file of an announced file. @throws {FileError} */
  async open(message: MessageOf<"open">): Promise<OpenedFile> {
    const { root, path, size, input, range, joined, delta = false } = message;
    const { roots, writer, options: { job } } = this.#host;
    const bytes = encodeName(path);
    checkRequested(roots[root], bytes, 0, bytes.length);
    if (isRefusedPath(roots[root], bytes, 0, bytes.length)) {
      throw privateName("create", targetText(roots[root], path));
    }
    if (joined) return await this.#openJoined(message);
    const resumable = await this.#resumableOf(message);
    const source = nodeOf(message);
    if (range) {
      const name = this.#shards.nameOf(message);
      return await writer.beginRange(root, path, size, { name, range, resumable, source });
    }
    const begun = await writer.begin(root, path, size, { resumable, source, delta: delta && job.delta && !input });
    // The size of standard input is known at its end.
    if (input) begun.partial.size = Number.MAX_SAFE_INTEGER;
    return { ...begun, resumable };
  }

  /** Opens a file whose ranges shards have written, and reads it for its CRC-32. */
  async #openJoined(message: MessageOf<"open">): Promise<OpenedFile> {
    const { writer, pause } = this.#host;
    const { root, path, size } = message;
    this.#shards.check(message);
    const name = this.#shards.nameOf(message);
    const partial = await writer.openJoined(root, path, size, { name, source: nodeOf(message) });
    this.#addChecking(size);
    try {
      const crc32 = await this.#shards.sum(partial, { path, size }, pause);
      return { partial, kept: [{ start: 0, end: size, crc32 }] };
    } catch (error) {
      writer.discard(partial);
      throw error;
    } finally {
      this.#addChecking(-size);
    }
  }

  /** Returns how a file is resumed by this run or a later one; undefined if there is no record of the target. */
  async #resumableOf(
    { root, path, size, range, identity, attributes: { mtime, mtimeNs } }: MessageOf<"open">,
  ): Promise<Resumable | undefined> {
    const recorded = await this.#records.of(root, path, range?.start);
    const sent = range ? range.end - range.start : size;
    const resumes = this.#host.options.job.resume && identity && sent >= MIN_RESUMED_BYTES &&
      this.#host.mayKeepJournal();
    const source = resumes ? { size, mtime, mtimeNs, identity } : undefined;
    const checking = (bytes: number) => this.#addChecking(bytes);
    return recorded && { ...recorded, source, later: size < JOURNAL_AT_ONCE_BYTES, checking };
  }

  /** Counts bytes whose verification begins, or ends if negative. */
  #addChecking(bytes: number): void {
    this.#checkingBytes += bytes;
    this.#host.checking(this.#checkingBytes);
  }
}

function nodeOf({ dev, inode }: MessageOf<"open">): FileIdentity | undefined {
  return dev === undefined || inode === undefined ? undefined : { dev, inode };
}
