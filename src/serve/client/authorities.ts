/** Client: the certificate authorities that the user names with `--ca`. */

import { quotePath, UserError } from "../../errors.ts";
import { parsePemBlocks } from "../certificate.ts";
import { readTrustedFile } from "../trusted_file.ts";

/** Certificate authorities. */
export interface Authorities {
  /** Path of their file, for messages. */
  readonly path: string;
  /** DER. At least one. */
  readonly certificates: readonly Uint8Array<ArrayBuffer>[];
}

/**
 * Reads a file of certificates in PEM.
 *
 * @throws {UserError} if it cannot be read, other users can change it, or it has no certificate or a damaged one.
 */
export function readAuthorities(path: string): Authorities {
  const text = readTrustedFile(path);
  if (text === undefined) throw refuse(path, "No such file or directory");
  const certificates = parsePemBlocks("CERTIFICATE", text);
  if (certificates === undefined) throw refuse(path, "a certificate in it is damaged");
  if (certificates.length === 0) throw refuse(path, "it contains no certificate in PEM form");
  return { path, certificates };
}

function refuse(path: string, reason: string): UserError {
  return new UserError(`Cannot read the certificate authorities in ${quotePath(path)}: ${reason}`, {
    hint: "Name a file with -----BEGIN CERTIFICATE----- lines, as that of --cacert of curl",
  });
}
