/** Frames on a transport: each stream has one writer, which seals them, and one reader, which opens them. */

import type { Cipher, CipherEngine, DirectionKey } from "../../crypto/cipher.ts";
import { NonceSequence } from "../../crypto/nonce.ts";
import type { Transport } from "../../net/transport.ts";
import { ALIGNMENT } from "../../protocol/data/alignment.ts";
import {
  checkFrameIv,
  FRAME_HEADER_BYTES,
  FRAME_TAG_BYTES,
  frameBytes,
  frameKind,
  framePayloadBytes,
  writeFrameHeader,
} from "../../protocol/data/frame.ts";
import { alignedBuffer } from "../../native/libc/aligned_buffer.ts";

/**
 * Start of a frame in a buffer of `frameBuffer`. The contents of a block, after the header of the frame (12 bytes) and of
 * the block (52), begin at a page boundary. Direct I/O and fast copies by the kernel need this alignment.
 */
export const FRAME_START = 4096 - ALIGNMENT;

/** Returns a buffer for one frame with a payload of at most this size, and for the start of the next frame. */
export function frameBuffer(payloadBytes: number): Uint8Array<ArrayBuffer> {
  return alignedBuffer(frameBufferBytes(payloadBytes));
}

/** Returns a view of these bytes. An aligned buffer does not begin at the start of its ArrayBuffer. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function frameBufferBytes(payloadBytes: number): number {
  return FRAME_START + frameBytes(payloadBytes) + READ_AHEAD_BYTES;
}

/** Bytes of the next frame that are read with a frame. No frame is shorter, and the rest is aligned again. */
const READ_AHEAD_BYTES = ALIGNMENT;

/** Seals and sends frames. Call `seal`, then `send` for each frame. Neither may be called while it is in progress. */
export class FrameWriter {
  readonly #transport: Transport;
  readonly #cipher: Cipher;
  readonly #nonces: NonceSequence;
  #sent = 0;

  private constructor(transport: Transport, cipher: Cipher, nonces: NonceSequence) {
    this.#transport = transport;
    this.#cipher = cipher;
    this.#nonces = nonces;
  }

  /** @param sent number of frames that were sealed with this key before, on the same connection. */
  static async create(
    engine: CipherEngine,
    transport: Transport,
    key: DirectionKey,
    sent: number,
  ): Promise<FrameWriter> {
    return new FrameWriter(transport, await engine.create(key), new NonceSequence(key.salt, sent));
  }

  /** Number of sealed frames. */
  get count(): number {
    return this.#nonces.count;
  }

  /** Bytes of all frames that this writer has sealed. */
  get sent(): number {
    return this.#sent;
  }

  /** Seals the payload in bytes[at + 12, at + 12 + payloadBytes) as the next frame, which begins at `at`. */
  seal(kind: number, bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): void | Promise<void> {
    this.#nonces.advance(kind);
    writeFrameHeader(bytes, at, this.#nonces.nonce, payloadBytes);
    const start = at + FRAME_HEADER_BYTES;
    const end = at + frameBytes(payloadBytes) - FRAME_TAG_BYTES;
    this.#sent += end + FRAME_TAG_BYTES - at;
    bytes.fill(0, start + payloadBytes, end);
    return this.#cipher.seal(this.#nonces.nonce, bytes, at, start, end);
  }

  /** Sends the sealed frame that begins at `at`. */
  async send(bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): Promise<void> {
    const end = at + frameBytes(payloadBytes);
    while (at < end) {
      const written = this.#transport.write(bytes, at, end);
      at += typeof written === "number" ? written : await written;
    }
  }

  /** Seals and sends a frame. */
  async write(kind: number, bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): Promise<void> {
    const sealing = this.seal(kind, bytes, at, payloadBytes);
    if (sealing) await sealing;
    await this.send(bytes, at, payloadBytes);
  }

  /** Frees the cipher. */
  close(): void {
    this.#cipher.close();
  }
}

/** Receives and opens frames, in order and without gaps. */
export class FrameReader {
  /** Kind of the last frame. */
  kind = 0;
  /** First byte of the last frame's payload in `bytes`. */
  readonly start = FRAME_START + FRAME_HEADER_BYTES;
  /** One past the last byte of the last frame's payload. */
  end = 0;
  /** Buffer with the last frame. The next call of `next` may replace it. */
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;

  readonly #transport: Transport;
  readonly #cipher: Cipher;
  readonly #nonces: NonceSequence;
  readonly #limit: number;
  readonly #ahead: boolean;
  /** One past the last byte of the last frame. */
  #frameEnd = FRAME_START;
  #received = 0;
  /** Bytes of the next frame that arrived with the last one. */
  #early = 0;

  private constructor(transport: Transport, cipher: Cipher, nonces: NonceSequence, options: FrameReaderOptions) {
    this.#transport = transport;
    this.#cipher = cipher;
    this.#nonces = nonces;
    this.#limit = options.payloadLimit;
    this.#ahead = options.readAhead;
    this.bytes = frameBuffer(Math.min(this.#limit, FIRST_BUFFER_BYTES));
    this.view = viewOf(this.bytes);
  }

  /** @param options.received number of frames that were opened with this key before, on the same connection. */
  static async create(
    engine: CipherEngine,
    transport: Transport,
    key: DirectionKey,
    options: FrameReaderOptions,
  ): Promise<FrameReader> {
    const nonces = new NonceSequence(key.salt, options.received);
    return new FrameReader(transport, await engine.create(key), nonces, options);
  }

  /** Number of opened frames. */
  get count(): number {
    return this.#nonces.count;
  }

  /** Bytes of all frames that this reader has received. */
  get received(): number {
    return this.#received;
  }

  /**
   * Receives the next frame, and sets `kind` and `end`.
   *
   * @throws {CorruptionError} codes "bad-frame", "bad-counter", "bad-tag".
   * @throws {Deno.errors.UnexpectedEof} if the connection ends. The last frame must have the kind `end`.
   */
  async next(): Promise<void> {
    const at = FRAME_START;
    if (this.#early > 0) this.bytes.copyWithin(at, this.#frameEnd, this.#frameEnd + this.#early);
    let have = at + this.#early;
    // With read-ahead the first `READ_AHEAD_BYTES` of a frame are read first, so that the rest is read to an aligned address.
    const first = at + (this.#ahead ? READ_AHEAD_BYTES : FRAME_HEADER_BYTES);
    while (have < this.start) {
      const read = this.#read(have, first, 1);
      have += typeof read === "number" ? read : await read;
    }
    this.kind = frameKind(this.bytes, at);
    const payloadBytes = framePayloadBytes(this.bytes, at, this.#limit);
    this.#nonces.advance(this.kind);
    checkFrameIv(this.bytes, at, this.#nonces.nonce);
    this.#grow(payloadBytes);
    this.end = this.start + payloadBytes;
    const frameEnd = at + frameBytes(payloadBytes);
    const limit = this.#ahead ? frameEnd + READ_AHEAD_BYTES : frameEnd;
    while (have < frameEnd) {
      const read = this.#read(have, limit, frameEnd - have);
      have += typeof read === "number" ? read : await read;
    }
    this.#frameEnd = frameEnd;
    this.#received += frameEnd - at;
    this.#early = have - frameEnd;
    const nonce = this.#nonces.nonce;
    const opening = this.#cipher.open(nonce, this.bytes, at, this.start, frameEnd - FRAME_TAG_BYTES);
    if (opening) await opening;
  }

  /** Frees the cipher. */
  close(): void {
    this.#cipher.close();
  }

  #read(from: number, to: number, expected: number): number | Promise<number> {
    const read = this.#transport.read(this.bytes, from, to, expected);
    return typeof read === "number" ? checkEnd(read) : read.then(checkEnd);
  }

  /** Makes room for a payload. Its length was checked. */
  #grow(payloadBytes: number): void {
    if (this.bytes.length >= frameBufferBytes(payloadBytes)) return;
    const grown = frameBuffer(this.#limit);
    grown.set(this.bytes.subarray(FRAME_START, FRAME_START + READ_AHEAD_BYTES), FRAME_START);
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}

/** Options of a FrameReader. */
export interface FrameReaderOptions {
  /** Maximum bytes of a payload. */
  payloadLimit: number;
  /** Number of frames that were opened with this key before. */
  received: number;
  /** Whether to read bytes of the next frame, too. False if another reader takes over the connection. */
  readAhead: boolean;
}

const FIRST_BUFFER_BYTES = 64 << 10;

function checkEnd(read: number): number {
  if (read === 0) throw new Deno.errors.UnexpectedEof("The connection ended before its last frame");
  return read;
}
