/** The certificate of a server that an authority has signed, and its key, in files of the administrator. */

import { messageOf, quotePath, UserError } from "../../errors.ts";
import { formatPem, parsePemBlocks, type TlsCredentials } from "../certificate.ts";
import { readSecretFile, readTrustedFile } from "../trusted_file.ts";

/** Paths of PEM files. */
export interface CertifiedFiles {
  /** The certificate of the server, followed by those between it and its authority. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate of an authority, with its key. */
export interface CertifiedIdentity extends TlsCredentials {
  /** The certificate of the server, DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** Time after which clients refuse it. */
  readonly validUntil: Date;
}

/**
 * Reads the files.
 *
 * @throws {UserError} if they cannot be read, other users can change them or read the key, they are damaged, or the key is not
 * that of the certificate.
 */
export async function readCertified({ certificate, privateKey }: CertifiedFiles): Promise<CertifiedIdentity> {
  const chain = parsePemBlocks("CERTIFICATE", existing(certificate, readTrustedFile(certificate)));
  if (!chain || chain.length === 0) {
    throw refuse("certificate", certificate, chain ? "it is not in PEM form" : "it is damaged");
  }
  const key = existing(privateKey, readSecretFile(privateKey, ""));
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw refuse("key", privateKey, "it has a passphrase", "Remove it: openssl pkey -in FILE -out NEW_FILE");
  }
  const { X509Certificate } = await import("node:crypto");
  const parsed = attempt(() => new X509Certificate(chain[0]), (cause) => {
    return refuse("certificate", certificate, "it is damaged", undefined, cause);
  });
  const cert = chain.map((each) => formatPem("CERTIFICATE", each)).join("");
  attempt(() => Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close(), (cause) => {
    const reason = /KeyMismatch/.test(messageOf(cause))
      ? `it is not that of the first certificate in ${quotePath(certificate)}`
      : "it is not a private key in PEM form";
    return refuse("key", privateKey, reason, undefined, cause);
  });
  return { cert, key, certificate: chain[0], validUntil: new Date(parsed.validTo) };
}

/** @throws {UserError} if a file does not exist. */
function existing(path: string, text: string | undefined): string {
  if (text !== undefined) return text;
  throw new UserError(`Cannot read ${quotePath(path)}: No such file or directory`);
}

function attempt<Result>(action: () => Result, explain: (cause: unknown) => Error): Result {
  try {
    return action();
  } catch (cause) {
    throw explain(cause);
  }
}

function refuse(what: "certificate" | "key", path: string, reason: string, hint?: string, cause?: unknown): UserError {
  return new UserError(`Cannot use the ${what} ${quotePath(path)}: ${reason}`, { hint, cause });
}
