/** The self-signed certificate of a server: X.509 version 3 with an Ed25519 key (RFC 5280, RFC 8410), as DER. */

import { concat } from "../bytes.ts";

/** Name in the certificate. A client trusts the certificate, not its name, so that it is valid for every address. */
export const SERVER_NAME = "escp";

/** Label of a PEM block (RFC 7468). */
type PemLabel = "CERTIFICATE" | "PRIVATE KEY";

/** Tags of DER (X.690). */
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const BOOLEAN = 0x01;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;

const ED25519 = der(SEQUENCE, der(OBJECT_IDENTIFIER, [0x2b, 0x65, 0x70]));
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];

/** A new key and its certificate. */
export interface Identity {
  /** DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** PKCS#8, DER. Secret. */
  readonly privateKey: Uint8Array<ArrayBuffer>;
}

/** Creates a key and a certificate that does not expire (RFC 5280, 4.1.2.5). */
export async function createIdentity(): Promise<Identity> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // A positive number without leading zeros.
  serial[0] = serial[0] & 0x7f | 0x40;
  const body = certificateBody(publicKey, serial);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, body));
  return {
    certificate: der(SEQUENCE, body, ED25519, der(BIT_STRING, [0], signature)),
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
  };
}

/** Formats DER as PEM. */
export function formatPem(label: PemLabel, bytes: Uint8Array): string {
  const lines = bytes.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** Parses the first PEM block with this label. @returns undefined if there is none. */
export function parsePem(label: PemLabel, text: string): Uint8Array<ArrayBuffer> | undefined {
  const block = new RegExp(`^-----BEGIN ${label}-----$([A-Za-z0-9+/=\\s]*)^-----END ${label}-----$`, "m").exec(text);
  if (!block) return undefined;
  try {
    return Uint8Array.fromBase64(block[1]);
  } catch {
    return undefined;
  }
}

function certificateBody(publicKey: Uint8Array, serial: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), der(UTF8_STRING, ascii(SERVER_NAME)))),
  );
  const validity = der(
    SEQUENCE,
    der(GENERALIZED_TIME, ascii("20250101000000Z")),
    der(GENERALIZED_TIME, ascii("99991231235959Z")),
  );
  const extensions = der(
    SEQUENCE,
    der(
      SEQUENCE,
      der(OBJECT_IDENTIFIER, BASIC_CONSTRAINTS),
      der(BOOLEAN, [0xff]),
      // Not a CA: rustls refuses a CA as the certificate of a server.
      der(OCTET_STRING, der(SEQUENCE)),
    ),
    der(
      SEQUENCE,
      der(OBJECT_IDENTIFIER, SUBJECT_ALTERNATIVE_NAME),
      der(OCTET_STRING, der(SEQUENCE, der(DNS_NAME, ascii(SERVER_NAME)))),
    ),
  );
  return der(
    SEQUENCE,
    der(VERSION, der(INTEGER, [2])),
    der(INTEGER, serial),
    ED25519,
    name,
    validity,
    name,
    publicKey,
    der(EXTENSIONS, extensions),
  );
}

/** Returns a value with its tag and length. */
function der(tag: number, ...contents: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const value = concat(contents.map((part) => Uint8Array.from(part)));
  return concat([Uint8Array.from([tag, ...lengthOf(value.length)]), value]);
}

function lengthOf(bytes: number): number[] {
  if (bytes < 0x80) return [bytes];
  return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff];
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
