/** The hello line, which the remote end sends first, after output of its login shell. See WIRE_FORMAT.md, "Hello". */

import { ProtocolError } from "../../errors.ts";
import { MAX_HOSTNAME, MAX_LINE_BYTES, MAX_NOISE_BYTES, MAX_PLACES } from "../limits.ts";
import * as shape from "./shape.ts";

/** Start of the hello line. */
export const HELLO_MAGIC = "escp-hello ";
/** Protocol versions that this program supports, in ascending order. */
export const VERSIONS: readonly number[] = [1];
/** Optional parts of the protocol that this program supports. */
// deno-fmt-ignore: one per line, to keep merges free of conflicts.
export const FEATURES: readonly string[] = [
  "acl-owners",
  "alive",
  "backup",
  "checking",
  "chmod",
  "clean",
  "compress",
  "congestion",
  "delete",
  "delta",
  "dirlinks",
  "dummy",
  "exact",
  "existing",
  "fsync",
  "inplace",
  "itemize",
  "lent",
  "link-dest",
  "link-roots",
  "listed",
  "lists",
  "manifest",
  "mkpath",
  "notes",
  "owners",
  "pieces",
  "probe",
  "relative",
  "remote-log",
  "remove-sources",
  "rerun",
  "resume",
  "reverse",
  "select",
  "shard",
  "sparse",
  "tunnel",
  "update",
  "verify",
  "xattrs",
];

/** The fields of the hello line. */
export interface Hello {
  /** Protocol versions that the remote end supports. */
  versions: number[];
  /** Version of escp on the remote end, for messages only. */
  software: string;
  features: string[];
  /** 16 random bytes in hexadecimal. */
  session: string;
  /** 32 random bytes. Must not be logged. */
  secret: Uint8Array<ArrayBuffer>;
  /** TCP port on which the remote end accepts streams. */
  port: number;
  /** Addresses of the remote host, the most likely first. */
  addresses: string[];
  /** Ciphers that the remote end supports. */
  ciphers: string[];
  /** Address of the ssh client, as the remote host sees it. Feature "reverse". */
  client?: string;
  /** Operating system and architecture, such as "linux x86_64", for messages only. */
  system?: string;
  /** Number of processor cores, for messages only. */
  cores?: number;
}

/** Formats the hello line, without the newline. */
export function formatHello(hello: Hello): string {
  return HELLO_MAGIC + JSON.stringify({ ...hello, secret: hello.secret.toBase64() });
}

/** Parses the hello line. @throws {ProtocolError} code "bad-message". */
export function parseHello(line: string): Hello {
  const fields = shape.parseObject(line.slice(HELLO_MAGIC.length));
  const versions = shape.list(fields, "versions", 64, shape.asWhole);
  const session = shape.text(fields, "session", 32);
  if (!/^[0-9a-f]{32}$/.test(session)) {
    throw new ProtocolError(
      "bad-message",
      "Cannot accept a message from the peer: session is not 32 hexadecimal digits",
    );
  }
  return {
    versions,
    software: shape.text(fields, "software", 64),
    features: shape.list(fields, "features", 64, shape.asText),
    session,
    secret: shape.bytes(fields, "secret", 32),
    port: shape.whole(fields, "port", 1, 65_535),
    addresses: shape.list(fields, "addresses", MAX_PLACES, shape.asText),
    ciphers: shape.list(fields, "ciphers", 16, shape.asText),
    client: shape.optional(fields, "client", shape.text, MAX_HOSTNAME),
    system: shape.optional(fields, "system", shape.text, 64),
    cores: shape.optional(fields, "cores", shape.whole, 1, 1 << 20),
  };
}

/**
 * Returns the highest common version.
 *
 * @throws {ProtocolError} code "no-version", with the versions of both ends.
 */
export function negotiateVersion(mine: readonly number[], theirs: readonly number[]): number {
  const common = mine.filter((version) => theirs.includes(version));
  if (common.length === 0) {
    throw new ProtocolError(
      "no-version",
      `Cannot talk to the peer: it supports protocol version ${theirs.join(", ") || "(none)"}, ` +
        `this escp supports ${mine.join(", ")}`,
    );
  }
  return Math.max(...common);
}

/** Finds the hello line after the noise of a login shell. */
export class HelloScanner {
  #noise: Uint8Array[] = [];
  #noiseBytes = 0;
  #line: number[] = [];

  /** The skipped bytes as text, without any part of a hello. Must be escaped for a terminal. */
  get noise(): string {
    const decoder = new TextDecoder();
    // Even an incomplete hello may contain the secret.
    const isHello = this.#line.length >= HELLO_MAGIC.length && this.#mayBeHello();
    const last = isHello ? [] : this.#line;
    return [...this.#noise, Uint8Array.from(last)].map((piece) => decoder.decode(piece)).join("");
  }

  /**
   * Adds bytes.
   *
   * @returns the hello line and the bytes after it, once the line is complete.
   * @throws {ProtocolError} code "no-hello" after more than MAX_NOISE_BYTES of noise, or if the line is too long.
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
      // A line that may be the hello is not noise yet, and may be longer.
      const noise = this.#noiseBytes + (mayBeHello ? 0 : this.#line.length);
      if (noise > MAX_NOISE_BYTES || this.#line.length > MAX_LINE_BYTES) throw noHello();
    }
    return undefined;
  }

  /** Returns whether the incomplete line may be a hello. */
  #mayBeHello(): boolean {
    const length = Math.min(this.#line.length, HELLO_MAGIC.length);
    for (let i = 0; i < length; i++) {
      if (this.#line[i] !== HELLO_MAGIC.charCodeAt(i)) return false;
    }
    return true;
  }
}

function noHello(): ProtocolError {
  return new ProtocolError(
    "no-hello",
    "Cannot find escp on the remote host: too much output that is not from escp",
  );
}
