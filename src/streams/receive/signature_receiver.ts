/** Answers signature requests: digests the blocks of the files that large files replace. */

import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { type BlockDigester, createBlockDigester } from "../../crypto/block_digest.ts";
import { FileError, ProtocolError } from "../../errors.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import type { OldTarget, PartialFileWriter } from "../../files/engine/partial_file.ts";
import { crc32 } from "../../protocol/crc32.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import {
  BLOCK_DIGEST_BYTES,
  digestsBytesOf,
  entryBytesOf,
  FINE_BLOCK_BYTES,
  MAX_COARSE_BYTES,
  readSignatureRequest,
  type SignatureRequest,
} from "../../protocol/data/signature.ts";
import type { FrameReader } from "../frames/frames.ts";
import type { StreamJob } from "../run/job.ts";
import type { ReceiveHost } from "./receive_host.ts";

/** Bytes that are read at once, if blocks are not larger. They stay in the cache of the processor. */
const PIECE_BYTES = 256 << 10;
/** Shared by all streams of this thread: there is no await between reading and digesting a piece. */
const piece = new Uint8Array(MAX_COARSE_BYTES);

/** Objects and options of a signature receiver. */
export interface SignatureReceiverOptions {
  job: StreamJob;
  frames: { reader: FrameReader };
  target: { partials: Pick<PartialFileWriter, "readOld"> };
  host: Pick<ReceiveHost, "partial">;
  yielder: EventLoopYielder;
}

interface OpenOld {
  file: number;
  old: OldTarget;
  reader: RangeReader;
  digester: BlockDigester;
  /** Entries of a block of zeros, by the size of the block. */
  zeros: Map<number, Uint8Array>;
}

/** Answers the requests of one stream. It keeps the last file open. */
export class SignatureReceiver {
  readonly #options: SignatureReceiverOptions;
  #open?: OpenOld;

  constructor(options: SignatureReceiverOptions) {
    this.#options = options;
  }

  /** Digests the ranges of the request in the current frame. @throws {ProtocolError} */
  async receive(): Promise<{ unit: number; digests?: Uint8Array }> {
    const { frames: { reader } } = this.#options;
    const request = readSignatureRequest(reader.view, reader.start, reader.end);
    const { unit } = request;
    try {
      const open = await this.#openOld(request);
      return { unit, digests: open && await this.#digest(request, open) };
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // The sender sends these ranges whole.
      this.close();
      return { unit };
    }
  }

  /** Closes a file. */
  forget(file: number): void {
    if (this.#open?.file === file) this.close();
  }

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open?.digester.close();
    this.#open = undefined;
  }

  /** @returns undefined if the file was given up. */
  async #openOld({ file, ranges }: SignatureRequest): Promise<OpenOld | undefined> {
    const { host, target, job: { cipherEngine } } = this.#options;
    const partial = await host.partial(file);
    if (!partial) return undefined;
    const { old } = partial;
    if (!old) throw new ProtocolError("bad-signature", `Cannot digest the old contents of file ${file}: it has none`);
    if (ranges.some(({ end }) => end > old.size)) {
      throw new ProtocolError("bad-signature", "Cannot digest a range: it exceeds the old file");
    }
    if (this.#open?.file === file) return this.#open;
    this.close();
    const reader = target.partials.readOld(partial, old);
    const digester = createBlockDigester(cipherEngine, old.key);
    return this.#open = { file, old, reader, digester, zeros: new Map() };
  }

  /** @returns undefined if the file was forgotten or became shorter. */
  async #digest(request: SignatureRequest, open: OpenOld): Promise<Uint8Array | undefined> {
    const digests = new Uint8Array(digestsBytesOf(request));
    const entryBytes = entryBytesOf(request);
    const pieceBytes = Math.max(PIECE_BYTES, request.blockBytes);
    let at = 0;
    for (const range of request.ranges) {
      for (let { start } = range; start < range.end; start += pieceBytes) {
        if (this.#open !== open) return undefined;
        const part = { start, end: Math.min(range.end, start + pieceBytes) };
        if (!this.#digestPiece(part, request.blockBytes, open, digests, at)) return undefined;
        at += (part.end - start) / request.blockBytes * entryBytes;
        const yielding = this.#options.yielder.yieldIfDue();
        if (yielding) await yielding;
      }
    }
    return digests;
  }

  /** Writes the digests of a piece to into[at...]. @returns false if the file is shorter. */
  #digestPiece(
    { start, end }: ByteRange,
    blockBytes: number,
    { reader, digester, zeros }: OpenOld,
    into: Uint8Array,
    at: number,
  ): boolean {
    const length = end - start;
    const isHole = reader.holeAt(start, length) === length;
    if (isHole) piece.fill(0, 0, blockBytes);
    else if (reader.readAt(piece, 0, length, start) < length) return false;
    const entryBytes = entryBytesOf({ blockBytes });
    for (let block = 0; block < length; block += blockBytes, at += entryBytes) {
      const known = isHole ? zeros.get(blockBytes) : undefined;
      if (known) into.set(known, at);
      else {
        const from = isHole ? 0 : block;
        const end = from + blockBytes;
        digester.digest(piece, from, end, into, at);
        if (blockBytes !== FINE_BLOCK_BYTES) putCrc32(into, at + BLOCK_DIGEST_BYTES, crc32(piece, from, end));
        if (isHole) zeros.set(blockBytes, into.slice(at, at + entryBytes));
      }
    }
    return true;
  }
}

function putCrc32(bytes: Uint8Array, at: number, crc: number): void {
  for (let byte = 0; byte < 4; byte++) bytes[at + byte] = crc >>> (8 * byte);
}
