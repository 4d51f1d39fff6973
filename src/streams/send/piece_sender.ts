/** Sends a file that is the only one of its pack unit in several frames. */

import { FileError } from "../../errors.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { changeNote, FileChange, isFreshChange } from "../../files/stat/file_change.ts";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { PACK_HEADER_BYTES, type PackHeader, Piece, writePackHeader } from "../../protocol/data/pack.ts";
import type { Compressor } from "../frames/compressor.ts";
import { toFailure } from "../failure.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START } from "../frames/frames.ts";
import type { PackUnit, RangedItem } from "../unit.ts";
import { addSent, type SentPack } from "./sent_pack.ts";
import { changeSinceWalk, openFound, readFully } from "./source_file.ts";

/** Each piece but the last ends at a multiple of this, so that the receiver writes whole pages. */
const PAGE = 4096;
/** Position of the header in the buffer of a frame. */
const HEADER = FRAME_START + FRAME_HEADER_BYTES;
/** Position of the records, and of the contents without records. */
const CONTENTS = HEADER + PACK_HEADER_BYTES;

/** A file that does not fit into one frame. */
export interface FileInPieces {
  unit: PackUnit;
  file: RangedItem;
  /** The record of the unit. It gets the outcome. */
  sent: SentPack;
}

/** Sends one file. */
export class PieceSender {
  readonly #file: FileInPieces;
  readonly #out: FrameSender;
  readonly #compressor: Compressor | undefined;
  readonly #sparse: boolean;
  #offset = 0;
  /** Whether the receiver must not remember the file as finished. */
  #isFresh = false;
  /** CRC-32 of the pieces sent so far. */
  #crc32 = 0;

  /** @param options.sparse whether a file with holes is added to `sent.grown` instead. */
  constructor(file: FileInPieces, out: FrameSender, options: { compressor?: Compressor; sparse: boolean }) {
    this.#file = file;
    this.#out = out;
    this.#compressor = options.compressor;
    this.#sparse = options.sparse;
  }

  /** Sends all pieces. A file that cannot be read is a failure of the unit. */
  async send(source: SourceReader): Promise<void> {
    const { file, sent } = this.#file;
    const { size, times } = file;
    let reader: RangeReader | undefined;
    sent.planIndex = 0;
    try {
      reader = openFound(source, file);
      // Before it is read: a write between two reads may leave the time the same.
      this.#isFresh = isFreshChange(times, Date.now());
      if (this.#sparse && reader.dataAt(0, size) < size) sent.grown.push({ item: file, bytesBefore: size });
      else while (this.#offset < size) await this.#sendPiece(reader);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      sent.failures.push(toFailure(error));
      // The receiver reports no outcome of it.
      if (this.#offset > 0) await this.#sendFrame({ piece: Piece.abandoned }, CONTENTS);
    } finally {
      reader?.close();
    }
    sent.complete = true;
  }

  /** @throws {FileError} */
  async #sendPiece(reader: RangeReader): Promise<void> {
    const { unit: { plan }, file: { size }, sent } = this.#file;
    const { bytes, payloadEnd } = this.#out;
    const offset = this.#offset;
    const records = offset === 0 ? plan.length : 0;
    const start = CONTENTS + records;
    const room = payloadEnd - start;
    const isLast = size - offset <= room;
    const length = isLast ? size - offset : room - room % PAGE;
    readFully(reader, bytes, start, { offset, length });
    const sum = crc32(bytes, start, start + length);
    this.#crc32 = combineCrc32(this.#crc32, sum, length);
    this.#offset += length;
    const isFresh = isLast && this.#noteChange(reader) || this.#isFresh;
    if (isLast) addSent(sent, this.#crc32, size, 1);
    bytes.set(plan.subarray(0, records), CONTENTS);
    const piece = offset === 0 ? Piece.first : isLast ? Piece.last : Piece.next;
    await this.#sendFrame({ piece, isFresh, crc32: sum, records }, start + length);
  }

  /** Sends the frame in the buffer. @param end one past its records and contents. */
  async #sendFrame(header: Omit<PackHeader, "unit" | "attempt">, end: number): Promise<void> {
    const { unit: { unit, attempt } } = this.#file;
    const { bytes, view } = this.#out;
    const coded = this.#compressor?.compress(bytes, CONTENTS, end);
    const coding = coded === undefined ? {} : { codec: this.#compressor!.codecNumber, length: end - CONTENTS };
    writePackHeader(view, HEADER, { unit, attempt, ...header, ...coding });
    await this.#out.send(FrameKind.pack, PACK_HEADER_BYTES + (coded ?? end - CONTENTS));
  }

  /** Notes a change of the file since the walk. @returns whether there was any. */
  #noteChange(reader: RangeReader): boolean {
    const { file, sent: { notes } } = this.#file;
    const change = changeSinceWalk(reader, file);
    const note = changeNote(reader.path, change, file.size);
    if (note !== undefined) notes.push(note);
    return change !== FileChange.none;
  }
}
