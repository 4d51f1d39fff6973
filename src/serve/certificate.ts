/** Certificates and private keys as DER and as PEM. */

/** Name in the certificate. A client trusts the certificate, not its name, so that it is valid for every address. */
export const SERVER_NAME = "escp";

/** Label of a PEM block (RFC 7468). */
type PemLabel = "CERTIFICATE" | "PRIVATE KEY";

/** The self-signed certificate of a server, and its key. */
export interface Identity {
  /** DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** PKCS#8, DER. Secret. */
  readonly privateKey: Uint8Array<ArrayBuffer>;
}

/** A chain of certificates, that of the server first, and its private key, in PEM. */
export interface TlsCredentials {
  readonly cert: string;
  /** Secret. */
  readonly key: string;
}

/** Returns an identity in PEM. */
export function credentialsOf({ certificate, privateKey }: Identity): TlsCredentials {
  return { cert: formatPem("CERTIFICATE", certificate), key: formatPem("PRIVATE KEY", privateKey) };
}

/** Formats DER as PEM. */
export function formatPem(label: PemLabel, bytes: Uint8Array): string {
  const lines = bytes.toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** Parses the first PEM block with this label. @returns undefined if there is none, or it is damaged. */
export function parsePem(label: PemLabel, text: string): Uint8Array<ArrayBuffer> | undefined {
  return parsePemBlocks(label, text)?.[0];
}

/** Parses all PEM blocks with this label; other text is ignored. @returns undefined if one of them is damaged. */
export function parsePemBlocks(label: PemLabel, text: string): Uint8Array<ArrayBuffer>[] | undefined {
  const block = new RegExp(`^-----BEGIN ${label}-----\\s*$([A-Za-z0-9+/=\\s]*)^-----END ${label}-----\\s*$`, "gm");
  const bodies = [...text.matchAll(block)].map(([, body]) => body);
  if (bodies.length < text.split(`-----BEGIN ${label}-----`).length - 1) return undefined;
  try {
    return bodies.map((body) => Uint8Array.fromBase64(body));
  } catch {
    return undefined;
  }
}
