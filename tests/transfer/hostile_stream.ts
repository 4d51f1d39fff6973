/** An authenticated stream whose frames are made by the real code and can be changed before they are sent. */

import { concat } from "@std/bytes/concat";
import { crc32 } from "../../src/protocol/crc32.ts";
import type { CipherEngine } from "../../src/crypto/cipher.ts";
import { type ByteConn, ConnTransport, type Transport } from "../../src/net/transport.ts";
import { BLOCK_HEADER_BYTES, type BlockHeader, writeBlockHeader } from "../../src/protocol/data/block.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../src/protocol/data/frame.ts";
import { PACK_HEADER_BYTES, type PackHeader, writePackHeader } from "../../src/protocol/data/pack.ts";
import { readResult, type Result, resultBytesLimit, writeResult } from "../../src/protocol/data/results.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import type { AuthenticatedStream } from "../../src/session/model/session.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../../src/streams/frames/frames.ts";
import { HANDSHAKE_FRAMES } from "../../src/streams/run/job.ts";
import { record, type TestRecord } from "../protocol/record.ts";

const PAYLOAD_LIMIT = 2 << 20;

export class HostileStream {
  readonly conn: ByteConn;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #sealed: Captured;

  private constructor(conn: ByteConn, sealed: Captured, writer: FrameWriter, reader: FrameReader) {
    this.conn = conn;
    this.#sealed = sealed;
    this.#writer = writer;
    this.#reader = reader;
  }

  static async create(stream: AuthenticatedStream, engine: CipherEngine): Promise<HostileStream> {
    const sealed = new Captured();
    const writer = await FrameWriter.create(engine, sealed, stream.sendKey, HANDSHAKE_FRAMES);
    const reader = await FrameReader.create(engine, new ConnTransport(stream.conn), stream.receiveKey, {
      payloadLimit: PAYLOAD_LIMIT,
      received: HANDSHAKE_FRAMES,
      readAhead: false,
    });
    return new HostileStream(stream.conn, sealed, writer, reader);
  }

  /** Returns the next frame as bytes on the wire. */
  async seal(kind: number, payload: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = frameBuffer(payload.length);
    buffer.set(payload, FRAME_START + FRAME_HEADER_BYTES);
    await this.#writer.write(kind, buffer, FRAME_START, payload.length);
    return this.#sealed.take();
  }

  /** Sends bytes unchanged. */
  async raw(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  async send(kind: number, payload: Uint8Array = new Uint8Array()): Promise<void> {
    await this.raw(await this.seal(kind, payload));
  }

  /** Sends a pack of these records. CRC-32s are right unless given. */
  async pack(...records: TestRecord[]): Promise<void> {
    await this.send(FrameKind.pack, packPayload(records));
  }

  async block(header: Partial<BlockHeader>, contents: Uint8Array): Promise<void> {
    const payload = new Uint8Array(BLOCK_HEADER_BYTES + contents.length);
    const complete = {
      ...{ unit: 0, file: 0, offset: 0, length: contents.length, crc32: crc32(contents, 0, contents.length) },
      ...{ codec: 0, last: true, ...header },
    };
    writeBlockHeader(new DataView(payload.buffer), 0, complete);
    payload.set(contents, BLOCK_HEADER_BYTES);
    await this.send(FrameKind.block, payload);
  }

  /** Returns the payload of the next frame except keep-alives. @throws {Error} if it has another kind. */
  async frame(kind: number): Promise<Uint8Array<ArrayBuffer>> {
    do await this.#reader.next(); while (this.#reader.kind === FrameKind.keepAlive);
    if (this.#reader.kind !== kind) throw new Error(`A frame of kind ${this.#reader.kind} came instead of ${kind}`);
    return this.#reader.bytes.slice(this.#reader.start, this.#reader.end);
  }

  /** Sends a result. */
  async answer(result: Result): Promise<void> {
    const outcomes = "outcomes" in result ? result.outcomes : [];
    const payload = new Uint8Array(resultBytesLimit(outcomes.length, outcomes.length));
    const end = writeResult(new DataView(payload.buffer), 0, result);
    await this.send(FrameKind.result, payload.subarray(0, end));
  }

  /** Returns the next result except progress; undefined at the end of the stream. */
  async result(): Promise<Result | undefined> {
    for (;;) {
      await this.#reader.next();
      if (this.#reader.kind === FrameKind.end) return undefined;
      if (this.#reader.kind !== FrameKind.result) continue;
      const result = readResult(this.#reader.view, this.#reader.start, this.#reader.end);
      if (result.type !== "progress") return result;
    }
  }

  /** Ends the stream regularly. */
  async end(): Promise<void> {
    await this.send(FrameKind.end);
    while (await this.result());
  }
}

export function packPayload(records: TestRecord[], unit = 0): Uint8Array<ArrayBuffer> {
  const pieces = records.map((each) => {
    const contents = new TextEncoder().encode(each.contents ?? "");
    const sum = each.type === RecordType.file ? crc32(contents, 0, contents.length) : 0;
    return record({ ...each, fields: { mode: 0o644, crc32: sum, ...each.fields } });
  });
  const size = pieces.reduce((sum, { length }) => sum + length, PACK_HEADER_BYTES);
  const payload = new Uint8Array(size);
  writePackHeader(new DataView(payload.buffer), 0, { unit, attempt: 0 });
  let at = PACK_HEADER_BYTES;
  for (const piece of pieces) {
    payload.set(piece, at);
    at += piece.length;
  }
  return payload;
}

/** Keeps the written bytes. */
class Captured implements Transport {
  #bytes: number[] = [];

  take(): Uint8Array<ArrayBuffer> {
    const bytes = Uint8Array.from(this.#bytes);
    this.#bytes = [];
    return bytes;
  }

  read(): number {
    return 0;
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    for (let at = start; at < end; at++) this.#bytes.push(buffer[at]);
    return end - start;
  }

  close(): void {}
}

/** Returns a piece of a file. CRC-32 and length of the records are right unless given. */
export function piecePayload(
  header: Partial<PackHeader>,
  contents: string,
  records: TestRecord[] = [],
): Uint8Array<ArrayBuffer> {
  const before = concat(records.map(record));
  const bytes = new TextEncoder().encode(contents);
  const payload = new Uint8Array(PACK_HEADER_BYTES + before.length + bytes.length);
  const complete = { unit: 0, attempt: 0, crc32: crc32(bytes, 0, bytes.length), records: before.length, ...header };
  writePackHeader(new DataView(payload.buffer), 0, complete);
  payload.set(before, PACK_HEADER_BYTES);
  payload.set(bytes, PACK_HEADER_BYTES + before.length);
  return payload;
}
