/** Reads a line of limited length from a connection. */

import { ProtocolError } from "../errors.ts";
import type { ByteReader } from "../net/pass.ts";

const NEWLINE = 0x0a;

/** A line, and the bytes that arrived after it. */
export interface ReadLine {
  /** Without the newline. */
  readonly line: string;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the first line.
 *
 * @param maxBytes Maximum length with the newline, in bytes.
 * @param first Bytes that were read before.
 * @throws {ProtocolError} code "bad-line" if the line is too long; {Deno.errors.UnexpectedEof} if the connection ends before.
 */
export async function readLine(
  conn: ByteReader,
  maxBytes: number,
  first: Uint8Array<ArrayBuffer> = new Uint8Array(),
): Promise<ReadLine> {
  const bytes = new Uint8Array(Math.max(maxBytes, first.length));
  bytes.set(first);
  for (let length = first.length;;) {
    const end = bytes.subarray(0, length).indexOf(NEWLINE);
    if (end >= maxBytes || end < 0 && length >= maxBytes) {
      throw new ProtocolError("bad-line", `the first line is longer than ${maxBytes} bytes`);
    }
    if (end >= 0) {
      return { line: new TextDecoder().decode(bytes.subarray(0, end)), rest: bytes.slice(end + 1, length) };
    }
    const count = await conn.read(bytes.subarray(length));
    if (count === null) throw new Deno.errors.UnexpectedEof("the connection ended");
    length += count;
  }
}

/** Reads a sequence of lines. */
export class LineReader {
  readonly #conn: ByteReader;
  readonly #maxBytes: number;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** @param maxBytes Maximum length of a line with its newline, in bytes. */
  constructor(conn: ByteReader, maxBytes: number) {
    this.#conn = conn;
    this.#maxBytes = maxBytes;
  }

  /** Bytes that arrived after the last line. */
  get rest(): Uint8Array<ArrayBuffer> {
    return this.#rest;
  }

  /** Reads the next line. @throws as `readLine`. */
  async next(): Promise<string> {
    const { line, rest } = await readLine(this.#conn, this.#maxBytes, this.#rest);
    this.#rest = rest;
    return line;
  }
}
