/** Frames on a transport: one sealed writer and one opening reader for each stream. */

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
 * Where a frame begins in a buffer of `frameBuffer`: so that the contents of a block, behind the frame's header (12) and
 * the block's (52), begin at a page, as direct I/O and quick copies by the kernel want it.
 */
export const FRAME_START = 4096 - ALIGNMENT;

/** A buffer for one frame with up to this many bytes of payload, and room for the beginning of the next one. */
export function frameBuffer(payloadBytes: number): Uint8Array<ArrayBuffer> {
  return alignedBuffer(frameBufferBytes(payloadBytes));
}

/** A view of exactly these bytes: an aligned buffer does not begin where its ArrayBuffer does. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function frameBufferBytes(payloadBytes: number): number {
  return FRAME_START + frameBytes(payloadBytes) + READ_AHEAD_BYTES;
}

/** What is read of the next frame together with one: no frame is shorter, and what follows is aligned again. */
const READ_AHEAD_BYTES = ALIGNMENT;

/** Seals frames and sends them. `seal` and `send` of one frame come in that order; frames must not overlap in either. */
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

  /** @param sent frames that were sealed with this key before, on the same connection. */
  static async create(
    engine: CipherEngine,
    transport: Transport,
    key: DirectionKey,
    sent: number,
  ): Promise<FrameWriter> {
    return new FrameWriter(transport, await engine.create(key), new NonceSequence(key.salt, sent));
  }

  /** Frames sealed so far. */
  get count(): number {
    return this.#nonces.count;
  }

  /** Bytes of all frames that were sealed here. */
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

  /** Sends the frame that was sealed at `at`. */
  async send(bytes: Uint8Array<ArrayBuffer>, at: number, payloadBytes: number): Promise<void> {
    const end = at + frameBytes(payloadBytes);
    while (at < end) {
      const written = this.#transport.write(bytes, at, end);
      at += typeof written === "number" ? written : await written;
    }
  }

  /** Seals and sends. */
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

/** Receives frames and opens them, in order and without gaps. */
export class FrameReader {
  /** The last frame's kind. */
  kind = 0;
  /** First byte of the last frame's payload in `bytes`. */
  readonly start = FRAME_START + FRAME_HEADER_BYTES;
  /** One past the last byte of the last frame's payload. */
  end = 0;
  /** Holds the last frame until the next call of `next`. It may be another buffer after that. */
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
  /** Bytes of the next frame that came with the last one. */
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

  /** @param received frames that were opened with this key before, on the same connection. */
  static async create(
    engine: CipherEngine,
    transport: Transport,
    key: DirectionKey,
    options: FrameReaderOptions,
  ): Promise<FrameReader> {
    const nonces = new NonceSequence(key.salt, options.received);
    return new FrameReader(transport, await engine.create(key), nonces, options);
  }

  /** Frames opened so far. */
  get count(): number {
    return this.#nonces.count;
  }

  /** Bytes of all frames that were opened here. */
  get received(): number {
    return this.#received;
  }

  /**
   * Receives the next frame, sets `kind` and `end`.
   *
   * @throws {ProtocolError} codes "bad-frame", "bad-counter", "bad-tag".
   * @throws {Deno.errors.UnexpectedEof} when the connection ends: a frame of kind `end` must come before that.
   */
  async next(): Promise<void> {
    const at = FRAME_START;
    if (this.#early > 0) this.bytes.copyWithin(at, this.#frameEnd, this.#frameEnd + this.#early);
    let have = at + this.#early;
    // With read-ahead the whole first line of a frame is awaited, so that the rest is read to an aligned address.
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

  #read(from: number, to: number, least: number): number | Promise<number> {
    const read = this.#transport.read(this.bytes, from, to, least);
    return typeof read === "number" ? checkEnd(read) : read.then(checkEnd);
  }

  /** Only called with a length that was checked against the limit. */
  #grow(payloadBytes: number): void {
    if (this.bytes.length >= frameBufferBytes(payloadBytes)) return;
    const grown = frameBuffer(this.#limit);
    grown.set(this.bytes.subarray(FRAME_START, FRAME_START + READ_AHEAD_BYTES), FRAME_START);
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}

/** How a FrameReader reads. */
export interface FrameReaderOptions {
  /** Most bytes of a payload. */
  payloadLimit: number;
  /** Frames that were opened with this key before. */
  received: number;
  /** Whether bytes of the next frame may be read with this one: not while the connection may change hands. */
  readAhead: boolean;
}

const FIRST_BUFFER_BYTES = 64 << 10;

function checkEnd(read: number): number {
  if (read === 0) throw new Deno.errors.UnexpectedEof("The connection ended before its last frame");
  return read;
}
