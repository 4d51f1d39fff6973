/** The hello line: the first thing the remote end says, after whatever its login shell says. See PROTOCOL.md, "Hello". */

import { ProtocolError } from "../../errors.ts";
import { MAX_HOSTNAME, MAX_LINE_BYTES, MAX_NOISE_BYTES, MAX_STREAMS } from "../limits.ts";
import * as shape from "./shape.ts";

/** What the hello line begins with. */
export const HELLO_MAGIC = "escp-hello ";
/** Versions of the protocol that this program speaks, the best last. */
export const VERSIONS: readonly number[] = [1];
/** Optional parts of the protocol that this program knows. */
// deno-fmt-ignore: one a line, so that changes do not meet.
export const FEATURES: readonly string[] = [
  "alive",
  "clean",
  "compress",
  "congestion",
  "dummy",
  "fsync",
  "lent",
  "lists",
  "manifest",
  "notes",
  "probe",
  "remote-log",
  "rerun",
  "resume",
  "reverse",
  "sparse",
  "tunnel",
  "update",
  "verify",
  "xattrs",
];

/** What the remote end says of itself. */
export interface Hello {
  /** Versions of the protocol that it speaks. */
  versions: number[];
  /** Version of its software, for messages only. */
  software: string;
  features: string[];
  /** 16 random bytes in hexadecimal. */
  session: string;
  /** 32 random bytes. Never to be logged. */
  secret: Uint8Array<ArrayBuffer>;
  /** TCP port where it awaits streams. */
  port: number;
  /** Addresses where it may be reached, the most likely first. */
  addresses: string[];
  /** Ciphers that it can do. */
  ciphers: string[];
  /** The address that ssh came from, as its host sees it. Feature "reverse". */
  client?: string;
}

/** A hello as its line, without the newline. */
export function formatHello(hello: Hello): string {
  return HELLO_MAGIC + JSON.stringify({ ...hello, secret: hello.secret.toBase64() });
}

/** @throws {ProtocolError} code "bad-message". */
export function parseHello(line: string): Hello {
  const fields = shape.parseObject(line.slice(HELLO_MAGIC.length));
  const versions = shape.list(fields, "versions", 64, shape.asWhole);
  const session = shape.text(fields, "session", 32);
  if (!/^[0-9a-f]{32}$/.test(session)) {
    throw new ProtocolError("bad-message", "Cannot accept the hello: bad session id");
  }
  return {
    versions,
    software: shape.text(fields, "software", 64),
    features: shape.list(fields, "features", 64, shape.asText),
    session,
    secret: shape.bytes(fields, "secret", 32),
    port: shape.whole(fields, "port", 1, 65_535),
    addresses: shape.list(fields, "addresses", MAX_STREAMS, shape.asText),
    ciphers: shape.list(fields, "ciphers", 16, shape.asText),
    client: shape.optional(fields, "client", shape.text, MAX_HOSTNAME),
  };
}

/**
 * The best version that both sides know.
 *
 * @throws {ProtocolError} code "no-version", naming the versions of both.
 */
export function negotiateVersion(mine: readonly number[], theirs: readonly number[]): number {
  const common = mine.filter((version) => theirs.includes(version));
  if (common.length === 0) {
    throw new ProtocolError(
      "no-version",
      `Cannot talk to the other side: it speaks protocol version ${theirs.join(", ") || "(none)"}, ` +
        `this one speaks ${mine.join(", ")}`,
    );
  }
  return Math.max(...common);
}

/** Finds the hello line behind the noise of a login shell. Bytes in, at most one line out. */
export class HelloScanner {
  #noise: Uint8Array[] = [];
  #noiseBytes = 0;
  #line: number[] = [];

  /** The bytes that were skipped, for messages: what the shell said, without any hello. Not safe for a terminal. */
  get noise(): string {
    const decoder = new TextDecoder();
    // A hello holds the secret, also one that was cut.
    const isHello = this.#line.length >= HELLO_MAGIC.length && this.#mayBeHello();
    const last = isHello ? [] : this.#line;
    return [...this.#noise, Uint8Array.from(last)].map((piece) => decoder.decode(piece)).join("");
  }

  /**
   * Takes bytes.
   *
   * @returns the hello line and the bytes behind it, once it is complete.
   * @throws {ProtocolError} code "no-hello" when more than 64 KiB came without one.
   */
  push(bytes: Uint8Array): { line: string; rest: Uint8Array } | undefined {
    for (let at = 0; at < bytes.length; at++) {
      this.#line.push(bytes[at]);
      const mayBeHello = this.#mayBeHello();
      if (bytes[at] === 0x0a) {
        const line = Uint8Array.from(this.#line);
        if (mayBeHello && line.length > HELLO_MAGIC.length) {
          return { line: new TextDecoder().decode(line.subarray(0, -1)), rest: bytes.subarray(at + 1) };
        }
        this.#noise.push(line);
        this.#noiseBytes += line.length;
        this.#line = [];
      }
      // A line that may be the hello is no noise yet, and may be longer.
      const noise = this.#noiseBytes + (mayBeHello ? 0 : this.#line.length);
      if (noise > MAX_NOISE_BYTES || this.#line.length > MAX_LINE_BYTES) throw noHello();
    }
    return undefined;
  }

  /** Whether the line so far begins as a hello does. */
  #mayBeHello(): boolean {
    const length = Math.min(this.#line.length, HELLO_MAGIC.length);
    for (let i = 0; i < length; i++) {
      if (this.#line[i] !== HELLO_MAGIC.charCodeAt(i)) return false;
    }
    return true;
  }
}

function noHello(): ProtocolError {
  return new ProtocolError("no-hello", "Cannot find escp on the other side: it said too much that is not escp");
}
