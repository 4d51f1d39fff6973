/** Parses the signature of a Mach-O file (cs_blobs.h of XNU). All numbers are big-endian. */

const SIGNATURE_MAGIC = 0xfade0cc0;
const CODE_DIRECTORY_MAGIC = 0xfade0c02;
const CODE_DIRECTORY_SLOT = 0;
const SHA256 = { type: 2, bytes: 32 } as const;

/** Flags of a code directory. */
export const CodeFlag = { adhoc: 0x2, linkerSigned: 0x20000 } as const;

/** Hashes of the pages of a file. */
export interface CodeDirectory {
  flags: number;
  identifier: string;
  /** Number of bytes that the hashes cover. */
  limit: number;
  pageBytes: number;
  /** SHA-256 of each page. */
  hashes: Uint8Array[];
}

/** Returns the code directory of a signature, or the reason why there is none. */
export function codeDirectoryOf(signature: Uint8Array): CodeDirectory | string {
  try {
    const view = viewOf(signature);
    if (view.getUint32(0) !== SIGNATURE_MAGIC) return "its signature is not one of macOS";
    for (let slot = 0; slot < view.getUint32(8); slot++) {
      const offset = view.getUint32(16 + slot * 8);
      if (view.getUint32(12 + slot * 8) === CODE_DIRECTORY_SLOT) return parse(signature.subarray(offset));
    }
    return "its signature has no code directory";
  } catch (error) {
    if (error instanceof RangeError) return "its signature is cut";
    throw error;
  }
}

function parse(blob: Uint8Array): CodeDirectory | string {
  const view = viewOf(blob);
  if (view.getUint32(0) !== CODE_DIRECTORY_MAGIC) return "its signature has no code directory";
  if (view.getUint8(36) !== SHA256.bytes || view.getUint8(37) !== SHA256.type) return "its signature is not by SHA-256";
  const [hashesAt, identifierAt, count] = [view.getUint32(16), view.getUint32(20), view.getUint32(28)];
  const hashes = Array.from({ length: count }, (_, page) => {
    const at = hashesAt + page * SHA256.bytes;
    if (at + SHA256.bytes > blob.length) throw new RangeError();
    return blob.subarray(at, at + SHA256.bytes);
  });
  return {
    flags: view.getUint32(12),
    identifier: new TextDecoder().decode(blob.subarray(identifierAt, blob.indexOf(0, identifierAt))),
    limit: view.getUint32(32),
    pageBytes: 2 ** view.getUint8(39),
    hashes,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
