/** Writes blocks of large files. Each unit is a range whose blocks arrive in order. */

import { ProtocolError } from "../../errors.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import type { Partial, RangeWriter } from "../../files/engine/partial_file.ts";
import type { Target } from "../../files/engine/target.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { DeviceWriter } from "../../files/output/device_writer.ts";
import { combineCrc32, crc32, crc32OfZeros } from "../../protocol/crc32.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCodec,
  type BlockHeader,
  readBlockHeader,
  readOldOffset,
} from "../../protocol/data/block.ts";
import { readSharedFile } from "../../protocol/data/shared_file.ts";
import type { Failure } from "../../protocol/failure.ts";
import { JournalWriter } from "../../resume/partial/journal_writer.ts";
import { checksumMismatch, toFailure } from "../failure.ts";
import { contentsOf } from "../frames/contents.ts";
import type { Decompressor } from "../frames/decompressor.ts";
import type { FrameReader } from "../frames/frames.ts";
import type { ResultSender } from "../frames/result_sender.ts";
import type { StreamJob } from "../run/job.ts";
import type { ReceiveHost } from "./receive_host.ts";
import type { SameHostCopier } from "./same_host_copier.ts";

/** Maximum bytes of zeros that are written without yielding. One block may represent 4 GiB of zeros. */
const MAX_ZEROS_BYTES = 16 << 20;

/**
 * Maximum number of files that one stream keeps open. A sender may announce 256 files, and a process may be limited to a
 * few dozen descriptors. A stream transfers one unit after the other.
 */
const MAX_KEPT_OPEN = 1;

/** A partial file or device that this stream writes to. */
interface OpenFile {
  /** Final path, for messages. */
  path: string;
  writer?: RangeWriter;
  /** Instead of `writer`. */
  device?: DeviceWriter;
  /** Bytes of the whole file. */
  size: number;
  /** Records written blocks. */
  journal?: JournalWriter;
  /** Whether an earlier run may have written parts of a local copy. */
  compares?: boolean;
  partial: Partial;
  /** The file that it replaces, if blocks of it were copied. */
  old?: RangeReader;
  /** Whether `old` is in use, perhaps by another thread. */
  isCopying?: boolean;
}

/** A unit whose blocks are arriving. */
interface OpenRange {
  file: number;
  start: number;
  /** One past the last byte that was written. */
  end: number;
  crc32: number;
  /** Bytes of local copies that an earlier run had already written. */
  found: number;
  /** Bytes that were copied from the old file. */
  reused: number;
  /** Failure that was sent as the result. Further blocks of the unit are ignored. */
  failure?: Failure;
}

/** Objects and options for large files. */
export interface RangeReceiverOptions {
  job: StreamJob;
  frames: { reader: FrameReader };
  target: Target;
  host: ReceiveHost;
  yielder: EventLoopYielder;
  /** Copies from files of the sender; undefined: the sender must not offer any. */
  localCopier?: SameHostCopier;
  /** Undefined: contents must not be compressed. */
  decompressor?: Decompressor;
}

/** Receives the blocks of one stream. `forget` and `close` may be called while a block is written. */
export class RangeReceiver {
  readonly #options: RangeReceiverOptions;
  readonly #results: ResultSender;
  readonly #files = new Map<number, OpenFile>();
  readonly #ranges = new Map<number, OpenRange>();
  /** Files that are finished or given up. Their blocks are ignored. */
  readonly #forgotten = new Set<number>();

  constructor(options: RangeReceiverOptions, results: ResultSender) {
    this.#options = options;
    this.#results = results;
  }

  /** Writes the block of the current frame. @returns the number of bytes written. @throws {ProtocolError} */
  async receive(): Promise<number> {
    const { frames: { reader }, job: { blockBytes } } = this.#options;
    const block = readBlockHeader(reader.view, reader.start, reader.end, blockBytes);
    if (this.#forgotten.has(block.file)) return 0;
    const range = this.#rangeOf(block);
    if (range.failure) return 0;
    let found: number | undefined;
    try {
      const file = this.#files.get(block.file) ?? await this.#open(block.file);
      if (!file) {
        this.forget(block.file);
        return 0;
      }
      const writing = this.#write(file, block);
      found = writing instanceof Promise ? await writing : writing;
      if (found === undefined) return 0;
      // The CRC-32 of local copies is unknown, so they are not in the journal. A later run compares their bytes.
      if (block.codec !== BlockCodec.reference) {
        file.journal?.append(block.offset, block.offset + block.length, block.crc32);
      }
      range.crc32 = combineCrc32(range.crc32, block.crc32, block.length);
    } catch (error) {
      // `forget` closes the writer, and a pending write to a device fails.
      if (this.#forgotten.has(block.file)) return 0;
      await this.#fail(block.unit, range, toFailure(error));
      return 0;
    }
    range.end += block.length;
    range.found += found;
    if (block.codec === BlockCodec.old) range.reused += block.length;
    if (block.last) await this.#finish(block.unit, range);
    return block.length;
  }

  /** Closes a file that is finished or given up, and ignores further blocks of it. */
  forget(file: number): void {
    this.#forgotten.add(file);
    this.#closeFile(file);
    for (const [unit, range] of this.#ranges) if (range.file === file) this.#ranges.delete(unit);
  }

  /** Records the blocks of a file from now on, and what was written of the ranges that are arriving. */
  startJournal(file: number, path: string): void {
    const open = this.#files.get(file);
    if (!open || open.journal) return;
    open.journal = new JournalWriter(path);
    // Local copies have no checksums.
    if (this.#options.localCopier) return;
    for (const range of this.#ranges.values()) {
      if (range.file === file) open.journal.append(range.start, range.end, range.crc32);
    }
  }

  /** Closes all files, and cancels pending writes to devices. */
  close(): void {
    for (const file of [...this.#files.keys()]) this.forget(file);
  }

  /** @returns bytes that an earlier run had already written; undefined if the file was forgotten meanwhile. */
  #write(file: OpenFile, block: BlockHeader): number | Promise<number | undefined> {
    if (block.offset + block.length > file.size) {
      throw new ProtocolError("bad-block", "Cannot accept a block: it exceeds its file");
    }
    if (block.codec === BlockCodec.reference) return this.#copyLocally(file, block);
    if (block.codec === BlockCodec.old) return this.#copyOld(file, block);
    if (block.codec === BlockCodec.zeros) {
      if (crc32OfZeros(block.length) !== block.crc32) throw otherChecksum(file.path);
      return this.#writeZeros(file, block);
    }
    const { frames: { reader }, decompressor } = this.#options;
    const { bytes, start, end } = contentsOf(reader, reader.start + BLOCK_HEADER_BYTES, block, decompressor);
    if (crc32(bytes, start, end) !== block.crc32) throw otherChecksum(file.path);
    if (!file.writer) return file.device!.write(bytes, start, block.length, block.offset).then(() => 0);
    file.writer.writeAt(bytes, start, block.length, block.offset);
    return 0;
  }

  /** Returns as `#write`. */
  async #writeZeros(
    { writer, device }: OpenFile,
    { file, offset, length }: BlockHeader,
  ): Promise<number | undefined> {
    for (let done = 0; done < length && !this.#forgotten.has(file);) {
      const count = Math.min(MAX_ZEROS_BYTES, length - done);
      if (writer) writer.zerosAt(offset + done, count);
      else await device!.writeZeros(offset + done, count);
      done += count;
      const yielding = this.#options.yielder.yieldIfDue();
      if (yielding) await yielding;
    }
    return this.#forgotten.has(file) ? undefined : 0;
  }

  /** Copies from a file of the sender on this machine. Returns as `#write`. */
  async #copyLocally({ writer, device, compares }: OpenFile, block: BlockHeader): Promise<number | undefined> {
    const { frames: { reader }, localCopier } = this.#options;
    if (!localCopier) {
      throw new ProtocolError("bad-block", "Cannot copy a shared file: local copies were not agreed on");
    }
    const shared = readSharedFile(reader.view, reader.start + BLOCK_HEADER_BYTES, reader.end);
    const to = writer ?? asRangeWriter(device!);
    return await localCopier.copy(shared, to, block, { compares, isNeeded: () => !this.#forgotten.has(block.file) });
  }

  /** Copies from the file that is replaced. Returns as `#write`. */
  async #copyOld(open: OpenFile, block: BlockHeader): Promise<number | undefined> {
    const { frames: { reader: { view, start } }, target, yielder } = this.#options;
    const { partial, writer, path } = open;
    const { old } = partial;
    if (!old || !writer) throw new ProtocolError("bad-block", "Cannot copy a block of an old file: there is none");
    const offset = readOldOffset(view, start + BLOCK_HEADER_BYTES, block, old.size);
    const { copyOldBlock } = await import("./old_file_copier.ts");
    const isNeeded = () => !this.#forgotten.has(block.file);
    if (!isNeeded()) return undefined;
    const reader = open.old ??= target.partials.readOld(partial, old);
    const readBack = () => target.partials.read(partial);
    const files = { reader, writer, readBack, inPlace: partial.inPlace === true };
    open.isCopying = true;
    let copied: number | undefined;
    try {
      copied = await copyOldBlock({ ...block, old: offset }, files, yielder, isNeeded);
    } finally {
      open.isCopying = false;
      if (!isNeeded()) reader.close();
    }
    if (copied === undefined) return undefined;
    if (copied !== block.crc32) {
      throw checksumMismatch(path, "a block of the old file is not what the sender read (CRC-32 differs)");
    }
    return 0;
  }

  #rangeOf(block: BlockHeader): OpenRange {
    let range = this.#ranges.get(block.unit);
    if (!range) {
      range = { file: block.file, start: block.offset, end: block.offset, crc32: 0, found: 0, reused: 0 };
      this.#ranges.set(block.unit, range);
    }
    if (range.file !== block.file || range.end !== block.offset) {
      if (range.failure) return range;
      throw new ProtocolError("bad-block", "Cannot accept a block: it does not follow the previous one");
    }
    return range;
  }

  /** @returns undefined if the file was given up meanwhile. */
  async #open(file: number): Promise<OpenFile | undefined> {
    const { target, host } = this.#options;
    const partial = await host.partial(file);
    if (!partial || this.#forgotten.has(file)) return undefined;
    this.#makeRoom();
    const { size, continued: compares } = partial;
    const device = partial.temporary === "" ? target.openDevice(partial.root, (text) => host.note(text)) : undefined;
    const writer = device ? undefined : target.partials.open(partial);
    const journal = partial.journal === undefined ? undefined : new JournalWriter(partial.journal);
    const open = { path: (device ?? writer)!.path, writer, device, journal, size, compares, partial };
    this.#files.set(file, open);
    return open;
  }

  /** Closes the oldest file, which may be opened again, except a device, which cannot continue in the middle. */
  #makeRoom(): void {
    if (this.#files.size < MAX_KEPT_OPEN) return;
    for (const [file, { device }] of this.#files) if (!device) return this.#closeFile(file);
  }

  #closeFile(file: number): void {
    const open = this.#files.get(file);
    open?.journal?.close();
    try {
      open?.device?.close();
      if (!open?.isCopying) open?.old?.close();
      open?.writer?.close();
    } catch {
      // Some file systems report a failed write only on close. The main thread checks before it commits the file.
    }
    this.#files.delete(file);
  }

  async #fail(unit: number, range: OpenRange, failure: Failure): Promise<void> {
    range.failure = failure;
    const { file, start, end } = range;
    this.#options.host.report({ type: "range", unit, file, start, end, crc32: 0, failure });
    await this.#results.send({ type: "range", unit, bytes: end - start, crc32: 0, failure }, 1);
  }

  async #finish(unit: number, { file, start, end, crc32, found, reused }: OpenRange): Promise<void> {
    this.#ranges.delete(unit);
    const recorded = this.#files.get(file)?.journal !== undefined;
    this.#options.host.report({ type: "range", unit, file, start, end, crc32, found, reused, recorded });
    await this.#results.send({ type: "range", unit, bytes: end - start, crc32 }, 1);
  }
}

/** Adapts a device for `SameHostCopier`, which reads and writes because the system cannot copy to a device. */
function asRangeWriter(device: DeviceWriter): RangeWriter {
  const unsupported = () => {
    throw new Error("A device supports writeAsync only");
  };
  return {
    path: device.path,
    writeAt: unsupported,
    zerosAt: unsupported,
    async writeAsync(buffer, at, length, offset) {
      await device.write(buffer, at, length, offset);
      return length;
    },
    close() {},
  };
}

function otherChecksum(path: string) {
  return checksumMismatch(path, "a block differs from what the sender read (CRC-32 differs)");
}
