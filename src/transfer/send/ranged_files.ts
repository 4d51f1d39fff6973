/** The files that are too large for a pack: announced to the receiver, cut into ranges, and closed when all are there. */

import { ProtocolError, quotePath } from "../../errors.ts";
import type { ContentSum } from "../../files/target/content_digest.ts";
import { FileChange, fileVersion, isFreshChange } from "../../files/stat/file_change.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { type ByteRange, RangeSums, type SummedRange } from "../../protocol/data/range_sums.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { InputUnit, RangedItem, RangeReport, RangeUnit, SourceChange } from "../../streams/unit.ts";
import type { SchedulerHost, SchedulerOptions } from "./scheduler_host.ts";
import { type SentFile } from "../../streams/unit.ts";

/** Whom the files tell, besides the receiver. */
export interface RangedFilesHost extends Pick<SchedulerHost, "send" | "note"> {
  /** All of a file was sent. */
  sent(file: SentFile): void;
  /**
   * A file is in place.
   *
   * @param sums of its ranges, in order; undefined of a lent file.
   */
  done(bytes: number, item: RangedItem, sums?: readonly SummedRange[]): void;
  /** So many bytes of one are there from an earlier copy, and are not sent. */
  kept(bytes: number): void;
  /** So many bytes of one were lent, and were there from an earlier copy: streams count them as written. */
  matched(bytes: number): void;
  /** A file did not arrive. */
  failed(failure: Failure, side: "sender" | "receiver", item: RangedItem): void;
}

const MAX_UNIT_BYTES = 32 << 20;
const MIN_UNIT_BYTES = 4 << 20;
/** Of a file that may have holes: what can be sent in no time must not be cut into a million units. */
const MAX_SPARSE_UNITS = 4096;
/** Announced files that are not finished. */
const MAX_OPEN_FILES = 48;

interface RangedFile {
  file: number;
  item: RangedItem;
  state: "announced" | "open" | "closing";
  /** The receiver was told what tells the source from others. */
  mayBeKept?: boolean;
  /** It is standard input: one unit, whose end is known when it has been read. */
  input?: boolean;
  /** Its CRC-32 has to be known: it is not lent. */
  stored?: boolean;
  /** Ranges that no stream has taken yet. */
  todo: ByteRange[];
  unitBytes: number;
  sums: RangeSums;
  /** Bytes that the receiver said it has, before anything was sent. */
  keptBytes: number;
  /** Units of it that streams have. */
  out: number;
  failure?: Failure;
  /** Who failed. */
  spoiler?: "sender" | "receiver";
  /** The greatest change since it was found. */
  changed?: SourceChange;
  /** The user has been told that it changes. */
  noted?: boolean;
  /** What the whole file was read as while it was sent. */
  whole?: ContentSum;
}

const UNCHANGED: SourceChange = { path: "", change: FileChange.none };

/** All of them in one transfer. */
export class RangedFiles {
  readonly #host: RangedFilesHost;
  readonly #options: SchedulerOptions;
  readonly #files = new Map<number, RangedFile>();
  /** Files with ranges that no stream has taken. */
  readonly #queue: RangedFile[] = [];
  #nextFile = 0;

  constructor(host: RangedFilesHost, options: SchedulerOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Files that are not finished. */
  get size(): number {
    return this.#files.size;
  }

  /** Whether one more may be announced. */
  get hasRoom(): boolean {
    return this.#files.size < MAX_OPEN_FILES;
  }

  /**
   * Tells the receiver that a file comes.
   *
   * @param more of a file that is sent once more, as nobody can tell whether what was lent is what was digested.
   */
  announce(item: RangedItem, more: Pick<RangedFile, "stored" | "noted"> = {}): void {
    const { size, root, attributes, xattrs } = item;
    const { blockBytes, streams, sparse } = this.#options;
    const inBlocks = (bytes: number) => Math.ceil(bytes / blockBytes) * blockBytes;
    const most = sparse ? Math.max(MAX_UNIT_BYTES, inBlocks(size / MAX_SPARSE_UNITS)) : MAX_UNIT_BYTES;
    const file: RangedFile = {
      file: this.#nextFile++,
      item,
      state: "announced",
      todo: [],
      unitBytes: Math.min(most, Math.max(MIN_UNIT_BYTES, inBlocks(size / (streams * 4)))),
      sums: new RangeSums(),
      keptBytes: 0,
      out: 0,
      stored: this.#mustBeStored(item),
      ...more,
    };
    const identity = this.#identityOf(item);
    file.mayBeKept = identity !== undefined;
    this.#files.set(file.file, file);
    // Made by this side's own walk, so it is what the receiver will accept.
    const path = item.path as MessageOf<"open">["path"];
    const extra = {
      ...(xattrs ? { xattrs } : {}),
      ...(identity ? { identity } : {}),
      ...(identity ? { version: fileVersion({ ...item.identity, ...item.times }) } : {}),
    };
    this.#host.send({ type: "open", file: file.file, root, path, size, attributes, ...extra });
  }

  /** Tells the receiver that standard input comes: a file of its own kind, with the permissions that the umask leaves. */
  announceInput(root: number): void {
    const now = Math.floor(Date.now() / 1000);
    const attributes = { mode: 0o666, uid: 0, gid: 0, mtime: now, mtimeNs: 0, atime: now, atimeNs: 0 };
    const times = { mtime: now, mtimeNs: 0, ctime: now, ctimeNs: 0 };
    const identity = { dev: 0, inode: 0 };
    const item: RangedItem = { type: "ranged", root, path: "", size: 0, attributes, identity, times };
    const file: RangedFile = {
      file: this.#nextFile++,
      item,
      state: "announced",
      input: true,
      todo: [],
      unitBytes: Infinity,
      sums: new RangeSums(),
      keptBytes: 0,
      out: 0,
    };
    this.#files.set(file.file, file);
    const path = "" as MessageOf<"open">["path"];
    this.#host.send({ type: "open", file: file.file, root, path, size: 0, input: true, attributes });
  }

  /**
   * The receiver has made room for a file.
   *
   * @throws {ProtocolError} when it asks for what is not there, or of a file of which that cannot be true.
   */
  opened({ file: number, missing, kept = [], sequential }: MessageOf<"opened">): void {
    const file = this.#inState(number, "announced");
    if (!file) return;
    if (kept.length > 0 && !file.mayBeKept) throw wrongRanges();
    if (!file.input) checkRanges([...missing, ...kept], file.item.size);
    file.state = "open";
    file.todo = file.input ? [{ start: 0, end: 0 }] : missing;
    if (sequential) file.unitBytes = Infinity;
    kept.forEach((range) => file.sums.add(range));
    file.keptBytes = file.sums.bytes;
    if (kept.length > 0) this.#host.kept(file.keptBytes);
    if (missing.length > 0 || file.input) this.#queue.push(file);
    else this.#closeIfComplete(file);
  }

  /** The receiver has given a file its final name. @throws {ProtocolError} when it has not got all of it. */
  closed({ file: number, bytes, crc32, found = 0 }: MessageOf<"closed">): void {
    const file = this.#inState(number, "closing");
    if (!file) return;
    if (found > (file.mayBeKept ? file.item.size - file.keptBytes : 0)) throw wrongRanges();
    this.#files.delete(number);
    if (found > 0) this.#host.matched(found);
    const sums = this.#isLent(file) ? undefined : file.sums.ranges;
    if (bytes === file.item.size && crc32 === file.sums.total(bytes)) this.#host.done(bytes, file.item, sums);
    else this.#host.failed(differs(file.item.path), "sender", file.item);
  }

  /** The receiver could not open, write or finish a file. @throws {ProtocolError} for one that it never heard of. */
  refused({ file: number, failure }: MessageOf<"unopened">): void {
    const file = this.#answered(number);
    if (!file) return;
    spoil(file, failure, "receiver");
    this.#giveUp(file);
  }

  /** The next range that no stream has, as a unit of this number. */
  next(unit: number): RangeUnit | InputUnit | undefined {
    for (let file = this.#queue[0]; file; file = this.#queue[0]) {
      const range = file.failure ? undefined : file.todo[0];
      if (!range) {
        this.#queue.shift();
        continue;
      }
      const end = Math.min(range.end, range.start + file.unitBytes);
      if (end === range.end) file.todo.shift();
      else file.todo[0] = { start: end, end: range.end };
      file.out++;
      if (file.input) return { type: "input", unit, file: file.file };
      const { root, path, size, identity, times } = file.item;
      const { file: number, stored } = file;
      const digests = this.#options.digests && file.todo.length === 0 && !file.whole;
      const { start } = range;
      return { type: "range", unit, file: number, root, path, start, end, size, identity, times, stored, digests };
    }
    return undefined;
  }

  /** What became of a range. */
  report(report: RangeReport): void {
    const file = this.#files.get(report.file);
    if (!file) return;
    file.out--;
    const { changed, whole } = report;
    if (changed && changed.change > (file.changed?.change ?? FileChange.none)) file.changed = changed;
    if (changed?.change === FileChange.certain && !file.noted) {
      file.noted = true;
      this.#host.note(`${quotePath(changed.path)} changed while it was copied`);
    }
    if (whole) file.whole = whole;
    if (report.failure) spoil(file, report.failure, report.refused ? "receiver" : "sender");
    else file.sums.add(report);
    if (file.input) file.item.size = report.end;
    if (file.failure) {
      this.#giveUp(file);
      return;
    }
    this.#closeIfComplete(file);
  }

  /** The stream that had this range is no more. */
  takeBack(unit: RangeUnit | InputUnit): void {
    const file = this.#files.get(unit.file);
    if (!file) return;
    file.out--;
    if (unit.type === "range") file.todo.unshift({ start: unit.start, end: unit.end });
    // What a device has taken, and what was read of a pipe, cannot be had again.
    if (file.unitBytes === Infinity) spoil(file, brokenDevice(file.input ? "-" : file.item.path), "sender");
    if (file.failure) this.#giveUp(file);
    else if (!this.#queue.includes(file)) this.#queue.push(file);
  }

  /**
   * What names the source in this and every later run: where the system notes each change, a file that was changed is
   * another one, also when its time of modification was set back. A file that was written to a moment ago could be
   * written to again without another time: of that nothing is kept.
   */
  #identityOf({ times, identity: { dev, inode } }: RangedItem): string | undefined {
    if (!this.#options.resume || isFreshChange(times, Date.now())) return undefined;
    return `${dev}:${inode}:${times.ctime}.${times.ctimeNs}`;
  }

  /** The file that an answer is about; undefined when it was given up since. */
  #answered(number: number): RangedFile | undefined {
    if (number < this.#nextFile) return this.#files.get(number);
    throw new ProtocolError("bad-order", `Cannot accept an answer about file ${number}: it was never announced`);
  }

  #inState(number: number, state: RangedFile["state"]): RangedFile | undefined {
    const file = this.#answered(number);
    if (!file || file.state === state) return file;
    throw new ProtocolError("bad-order", `Cannot accept an answer about file ${number}: it is ${file.state}`);
  }

  #closeIfComplete(file: RangedFile): void {
    const crc32 = file.sums.total(file.item.size);
    if (file.state !== "open" || crc32 === undefined) return;
    const { item, changed = UNCHANGED, whole, noted } = file;
    const isLent = this.#isLent(file);
    if (isLent && changed !== UNCHANGED && this.#options.digests) {
      this.#files.delete(file.file);
      this.#host.send({ type: "drop", file: file.file });
      this.announce(item, { stored: true, noted });
      return;
    }
    file.state = "closing";
    this.#host.send({ type: "close", file: file.file, size: item.size, crc32 });
    if (!file.input) this.#host.sent({ ...changed, item, isLent, crc32, whole });
  }

  #isLent({ stored, input }: RangedFile): boolean {
    return this.#options.offersLocalCopy === true && !stored && !input;
  }

  /** The digest of a lent file belongs to its copy only if each change would show in its ctime. */
  #mustBeStored({ times: { ctime, ctimeNs } }: RangedItem): boolean {
    const { digests = false, offersLocalCopy = false } = this.#options;
    return digests && offersLocalCopy && isFreshChange({ mtime: ctime, mtimeNs: ctimeNs }, Date.now());
  }

  /** Drops a file when no stream has a part of it any more. */
  #giveUp(file: RangedFile): void {
    file.todo = [];
    if (file.out > 0 || !file.failure || !this.#files.delete(file.file)) return;
    this.#host.send({ type: "drop", file: file.file });
    this.#host.failed(file.failure, file.spoiler!, file.item);
  }
}

/** The first failure of a file is the one that is told. */
function spoil(file: RangedFile, failure: Failure, side: "sender" | "receiver"): void {
  file.failure ??= failure;
  file.spoiler ??= side;
}

/** Ranges from the peer, what is missing and what is kept: none empty, none twice, and together the whole file. */
function checkRanges(ranges: ByteRange[], size: number): void {
  let at = 0;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start !== at || end <= start) throw wrongRanges();
    at = end;
  }
  if (at !== size) throw wrongRanges();
}

function wrongRanges(): ProtocolError {
  return new ProtocolError("bad-message", "Cannot accept the ranges that the other side asks for");
}

function brokenDevice(path: string): Failure {
  return {
    code: "EPIPE",
    path,
    message: `Cannot send ${quotePath(path)}: its connection broke, and a pipe or device cannot begin again`,
    hint: "",
  };
}

function differs(path: string): Failure {
  return {
    code: "ECHECKSUM",
    path,
    message: `Cannot confirm ${quotePath(path)}: the other side reports another size or CRC-32`,
    hint: "Copy it again; if it stays so, test the memory of both machines",
  };
}
