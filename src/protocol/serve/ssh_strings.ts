/** Strings and numbers as in SSH protocols, keys and signatures (RFC 4251, section 5). */

import { concat } from "../../bytes.ts";
import { ProtocolError } from "../../errors.ts";

/** Bytes or text from outside have a wrong format. Code "bad-format". */
export class FormatError extends ProtocolError {
  override name = "FormatError";
  /** The reason alone, without the object: "it is too short". */
  readonly reason: string;

  /** @param object Name of the thing that cannot be read, such as "the public key". */
  constructor(object: string, reason: string, options: { cause?: unknown } = {}) {
    super("bad-format", `Cannot read ${object}: ${reason}`, options);
    this.reason = reason;
  }
}

/** Returns bytes, or a text as UTF-8, after their length: four bytes, big-endian. */
export function sshString(value: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return concat([uint32(bytes.length), bytes]);
}

/** Returns four bytes, big-endian. */
export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Reads fields in order. A length is checked before it is used, and nothing is copied. */
export class SshReader {
  readonly #bytes: Uint8Array;
  readonly #object: string;
  #at = 0;

  /** @param object Name of the thing that is read, for errors: "the public key". */
  constructor(bytes: Uint8Array, object: string) {
    this.#bytes = bytes;
    this.#object = object;
  }

  /** Returns the next byte. @throws {FormatError} */
  byte(): number {
    return this.bytes(1)[0];
  }

  /** Returns the next four bytes as a number. @throws {FormatError} */
  uint32(): number {
    const bytes = this.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  /** Returns a view of a string. @throws {FormatError} if it is longer than the remaining bytes. */
  string(): Uint8Array {
    return this.bytes(this.uint32());
  }

  /** Returns a string of ASCII, such as the name of an algorithm. @throws {FormatError} also if it is not ASCII. */
  ascii(): string {
    const bytes = this.string();
    if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw this.error("a name contains characters beyond ASCII");
    return new TextDecoder().decode(bytes);
  }

  /** Returns a view of the next `length` bytes. @throws {FormatError} */
  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.error("it is too short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** @throws {FormatError} if bytes remain. */
  end(): void {
    if (this.#at < this.#bytes.length) throw this.error("it has extra bytes at its end");
  }

  /** Number of bytes that remain. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Returns an error for the object that is read. */
  error(reason: string): FormatError {
    return new FormatError(this.#object, reason);
  }
}
