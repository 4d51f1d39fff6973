/** The receiving side of one stream: opens frames, and writes what they bring. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { DeviceWriter } from "../../files/target/device_writer.ts";
import type { KeptBackup, Partial, RangeWriter, TargetWriter } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { COMPARE_HEADER_BYTES, readCompareHeader } from "../../protocol/data/compare.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, type BlockHeader, readBlockHeader } from "../../protocol/data/block.ts";
import { combineCrc32, crc32, crc32OfZeros } from "../../protocol/crc32.ts";
import { FrameKind } from "../../protocol/data/frame.ts";
import { readSharedFile } from "../../protocol/data/shared_file.ts";
import { PACK_HEADER_BYTES, readPackHeader } from "../../protocol/data/pack.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { CompareReceiver } from "./compare_receiver.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { JournalWriter } from "../../resume/partial/journal_writer.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { toFailure } from "../failure.ts";
import { contentsOf } from "../frames/contents.ts";
import type { Decompressor } from "../frames/decompressor.ts";
import type { FrameReader, FrameWriter } from "../frames/frames.ts";
import type { SameHostCopier } from "./same_host_copier.ts";
import { PackReceiver } from "./pack_receiver.ts";
import { ResultSender } from "../frames/result_sender.ts";
import type { ReceiveReport } from "../unit.ts";

/** Whom a receiving stream asks and tells. In another thread, perhaps. */
export interface ReceiveHost {
  /**
   * The partial file of a ranged file that the main thread has opened; undefined when it was given up since.
   *
   * @throws {ProtocolError} for one that never was.
   */
  partial(file: number): Promise<Partial | undefined>;
  /** Returns whether a file is a backup of this copy, whose successor is not verified yet. */
  isKept(backup: KeptBackup): Promise<boolean>;
  /** Something was written. Told before the sender gets its result. */
  report(report: ReceiveReport): void;
  /** Bytes written on this stream so far, or found in place. */
  written(bytes: number): void;
  /** Reports a note for the user. */
  note(text: string): void;
}

/** What a receiving stream works with. */
export interface ReceiveStreamOptions {
  reader: FrameReader;
  writer: FrameWriter;
  target: TargetWriter;
  roots: readonly TargetRoot[];
  /** Answers what the sender asks; undefined: it must not ask. */
  asks?: CompareReceiver;
  /** Nothing may be written. */
  dryRun: boolean;
  /** Each file is brought to the disk. */
  fsync: boolean;
  /** SHA-256, where reports tell which files were written, and what is in them. */
  digest?: (bytes: Uint8Array) => Uint8Array;
  /** Reports have digests of the files that were written; undefined: nothing is remembered. */
  finished?: FinishedFiles;
  host: ReceiveHost;
  yielder: EventLoopYielder;
  blockBytes: number;
  /** How long this end says nothing at the most, in milliseconds. */
  quietMs: number;
  /** Most bytes of a payload. */
  payloadLimit: number;
  /** For what the sender lends; undefined: it must not. */
  lent?: SameHostCopier;
  /** For what comes compressed; none: nothing may. */
  decompressor?: Decompressor;
}

/** One block may stand for 4 GiB of zeros: where they must be written, others have their turn in between. */
const ZEROS_AT_ONCE = 16 << 20;

/**
 * Files that one stream keeps open: a process may have but some dozens, and a sender may announce 256. It sends one unit
 * after the other on a stream.
 */
const MAX_KEPT_OPEN = 1;

/** How often the sender hears how far this stream is. */
const PROGRESS_MS = 200;

/** One stream. `forget` may be called from outside while `run` is under way. */
export class ReceiveStream {
  readonly #options: ReceiveStreamOptions;
  readonly #packs: PackReceiver;
  readonly #results: ResultSender;
  readonly #files = new Map<number, OpenRange>();
  readonly #units = new Map<number, RangeState>();
  readonly #forgotten = new Set<number>();
  #written = 0;
  #told = 0;
  #toldAt = performance.now();

  constructor(options: ReceiveStreamOptions) {
    this.#options = options;
    this.#results = new ResultSender(options.writer);
    const { target, roots, fsync, yielder, digest, finished, host } = options;
    const note = (text: string) => host.note(text);
    this.#packs = new PackReceiver(target, roots, { syncs: fsync ? yielder : undefined, digest, finished, note });
  }

  /** Runs until the sender says that it was all. @throws what broke the stream. */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#results.keepAlive(), this.#options.quietMs);
    try {
      await this.#run();
    } finally {
      clearInterval(timer);
    }
  }

  async #run(): Promise<void> {
    const { reader, yielder } = this.#options;
    for (;;) {
      await reader.next();
      switch (reader.kind) {
        case FrameKind.pack:
          this.#refuseDry();
          await this.#pack();
          break;
        case FrameKind.block:
          this.#refuseDry();
          await this.#block();
          break;
        case FrameKind.compare:
          await this.#ask();
          break;
        case FrameKind.keepAlive:
          break;
        case FrameKind.end:
          await this.#end();
          return;
        default:
          throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${reader.kind} from a sender`);
      }
      await this.#tellProgress(false);
      const breath = yielder.yieldIfDue();
      if (breath) await breath;
    }
  }

  /** The file is finished or given up: closes it. What still comes of it, with blocks on their way, is thrown away. */
  forget(file: number): void {
    this.#forgotten.add(file);
    this.#closeFile(file);
    for (const [unit, state] of this.#units) if (state.file === file) this.#units.delete(unit);
  }

  #closeFile(file: number): void {
    const open = this.#files.get(file);
    open?.journal?.close();
    try {
      open?.device?.close();
      open?.writer?.close();
    } catch {
      // Some file systems tell of a failed write only here. Before a file gets its name the main thread asks by itself.
    }
    this.#files.delete(file);
  }

  /** Closes the one that was opened first, which may be opened again; not a device, which cannot go on in the middle. */
  #makeRoom(): void {
    if (this.#files.size < MAX_KEPT_OPEN) return;
    for (const [file, { device }] of this.#files) if (!device) return this.#closeFile(file);
  }

  /** Closes everything and cancels pending writes to devices. */
  close(): void {
    this.#packs.close();
    for (const file of [...this.#files.keys()]) this.forget(file);
  }

  async #pack(): Promise<void> {
    const { reader, host, payloadLimit, decompressor } = this.#options;
    const header = readPackHeader(reader.view, reader.start, reader.end, payloadLimit - PACK_HEADER_BYTES);
    const { bytes, start, end } = contentsOf(reader, reader.start + PACK_HEADER_BYTES, header, decompressor);
    const { report, outcomes } = await this.#packs.receive(header, bytes, start, end);
    this.#written += report.bytes;
    host.report(report);
    await this.#results.send({ type: "pack", unit: header.unit, outcomes }, outcomes.length);
  }

  async #ask(): Promise<void> {
    const { reader, host, asks } = this.#options;
    if (!asks) throw new ProtocolError("bad-frame", "Cannot accept an ask: the job has no place for it");
    const { bytes, view, start, end } = reader;
    const header = readCompareHeader(view, start, end);
    const { report, outcomes } = await asks.receive(header, bytes, view, start + COMPARE_HEADER_BYTES, end);
    host.report(report);
    await this.#results.send({ type: "answer", unit: header.unit, outcomes }, outcomes.length);
  }

  #refuseDry(): void {
    if (this.#options.dryRun) throw new ProtocolError("bad-frame", "Cannot accept contents in a dry run");
  }

  async #block(): Promise<void> {
    const { reader, blockBytes, decompressor } = this.#options;
    const block = readBlockHeader(reader.view, reader.start, reader.end, blockBytes);
    if (this.#forgotten.has(block.file)) return;
    const state = this.#unitOf(block);
    if (state.failure) return;
    let found: number | undefined = 0;
    try {
      const file = this.#files.get(block.file) ?? await this.#open(block.file);
      if (!file) {
        this.forget(block.file);
        return;
      }
      if (block.offset + block.length > file.size) {
        throw new ProtocolError("bad-block", "Cannot accept a block: it lies beyond the end of its file");
      }
      if (block.codec === BlockCodec.zeros) {
        if (crc32OfZeros(block.length) !== block.crc32) throw corrupt(file.path);
        if (!await this.#writeZeros(file, block)) return;
      } else if (block.codec === BlockCodec.reference) {
        found = await this.#copyLent(file, block);
        if (found === undefined) return;
      } else {
        const { bytes, start, end } = contentsOf(reader, reader.start + BLOCK_HEADER_BYTES, block, decompressor);
        if (crc32(bytes, start, end) !== block.crc32) throw corrupt(file.path);
        if (file.writer) file.writer.writeAt(bytes, start, block.length, block.offset);
        else await file.device!.write(bytes, start, block.length, block.offset);
      }
      // Nobody has a sum of what is lent: a later copy compares it.
      if (block.codec !== BlockCodec.reference) {
        file.journal?.append(block.offset, block.offset + block.length, block.crc32);
      }
      state.crc32 = combineCrc32(state.crc32, block.crc32, block.length);
    } catch (error) {
      // `forget` closes the writer, which fails a pending write to a device.
      if (this.#forgotten.has(block.file)) return;
      await this.#fail(block.unit, state, toFailure(error));
      return;
    }
    state.end += block.length;
    state.found += found;
    this.#written += block.length;
    if (block.last) await this.#finish(block.unit, state);
  }

  /** @returns false when the file was finished or given up meanwhile: then its writer is closed. */
  async #writeZeros({ writer, device }: OpenRange, { file, offset, length }: BlockHeader): Promise<boolean> {
    for (let done = 0; done < length && !this.#forgotten.has(file);) {
      const most = Math.min(ZEROS_AT_ONCE, length - done);
      if (writer) writer.zerosAt(offset + done, most);
      else await device!.writeZeros(offset + done, most);
      done += most;
      const breath = this.#options.yielder.yieldIfDue();
      if (breath) await breath;
    }
    return !this.#forgotten.has(file);
  }

  /** @returns how many of the bytes were there already; undefined when the file was finished or given up meanwhile. */
  async #copyLent({ writer, device, compares }: OpenRange, block: BlockHeader): Promise<number | undefined> {
    const { reader, lent } = this.#options;
    if (!lent) throw new ProtocolError("bad-block", "Cannot accept a lent file: none was agreed");
    const file = readSharedFile(reader.view, reader.start + BLOCK_HEADER_BYTES, reader.end);
    const to = writer ?? asRangeWriter(device!);
    return await lent.copy(file, to, block, { compares, isWanted: () => !this.#forgotten.has(block.file) });
  }

  #unitOf(block: BlockHeader): RangeState {
    let state = this.#units.get(block.unit);
    if (!state) {
      state = { file: block.file, start: block.offset, end: block.offset, crc32: 0, found: 0 };
      this.#units.set(block.unit, state);
    }
    if (state.file !== block.file || state.end !== block.offset) {
      if (state.failure) return state;
      throw new ProtocolError("bad-block", "Cannot accept a block: it does not follow the one before it");
    }
    return state;
  }

  /** @returns undefined when the file was given up meanwhile. */
  async #open(file: number): Promise<OpenRange | undefined> {
    const partial = await this.#options.host.partial(file);
    if (!partial || this.#forgotten.has(file)) return undefined;
    this.#makeRoom();
    const { target, host } = this.#options;
    const { size, continued: compares } = partial;
    const device = partial.temporary === "" ? target.openDevice(partial.root, (text) => host.note(text)) : undefined;
    const writer = device ? undefined : target.openPartial(partial);
    const journal = partial.journal === undefined ? undefined : new JournalWriter(partial.journal);
    const open = { path: (device ?? writer)!.path, writer, device, journal, size, compares };
    this.#files.set(file, open);
    return open;
  }

  async #fail(unit: number, state: RangeState, failure: Failure): Promise<void> {
    state.failure = failure;
    const { file, start, end } = state;
    this.#options.host.report({ type: "range", unit, file, start, end, crc32: 0, failure });
    await this.#results.send({ type: "range", unit, bytes: end - start, crc32: 0, failure }, 1);
  }

  async #finish(unit: number, state: RangeState): Promise<void> {
    this.#units.delete(unit);
    const { file, start, end, crc32, found } = state;
    this.#options.host.report({ type: "range", unit, file, start, end, crc32, found });
    await this.#results.send({ type: "range", unit, bytes: end - start, crc32 }, 1);
  }

  async #end(): Promise<void> {
    await this.#tellProgress(true);
    await this.#results.end();
  }

  async #tellProgress(force: boolean): Promise<void> {
    const now = performance.now();
    if (this.#written === this.#told || (!force && now - this.#toldAt < PROGRESS_MS)) return;
    this.#told = this.#written;
    this.#toldAt = now;
    this.#options.host.written(this.#written);
    await this.#results.send({ type: "progress", bytes: this.#written }, 0);
  }
}

/** A partial file, or a device, that this stream writes to. */
interface OpenRange {
  /** Its final path, for messages. */
  path: string;
  writer?: RangeWriter;
  /** In place of `writer`. */
  device?: DeviceWriter;
  /** Bytes that the whole file will have. */
  size: number;
  /** Where written blocks are noted. */
  journal?: JournalWriter;
  /** What is lent may be there already. */
  compares?: boolean;
}

/** A unit of a ranged file whose blocks are coming. */
interface RangeState {
  file: number;
  start: number;
  /** One past the last byte that was written. */
  end: number;
  crc32: number;
  /** Bytes that were lent and had been there before. */
  found: number;
  /** It was answered with this; what still comes of it is thrown away. */
  failure?: Failure;
}

/** Adapts a device for `LentFiles`, which reads the source and writes, because the system cannot copy to a device. */
function asRangeWriter(device: DeviceWriter): RangeWriter {
  const unsupported = () => {
    throw new Error("A device supports writeAside only");
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

function corrupt(path: string): FileError {
  return new FileError("write", path, "a block is not what was read (CRC-32 differs)", {
    code: "ECHECKSUM",
    hint: "Copy it again; if it stays so, test the memory of both machines",
  });
}
