/** Digest of a large file. Its ranges arrive in any order, so the file is read back in order. */

import { FileError } from "../../errors.ts";
import { sumRange } from "../../files/target/content_digest.ts";
import type { Partial, PartialFileWriter } from "../../files/engine/partial_file.ts";

/**
 * Reads a whole partial file.
 *
 * @param received size and CRC-32 of the received bytes.
 * @returns the SHA-256 of the received bytes.
 * @throws {FileError} if the file contains other bytes, or cannot be read.
 */
export async function digestPartial(
  writer: PartialFileWriter,
  partial: Partial,
  received: { size: number; crc32: number },
  pause: () => void | Promise<void>,
): Promise<Uint8Array> {
  const reader = writer.read(partial);
  try {
    const sum = await sumRange(reader, 0, received.size, pause);
    if (sum?.crc32 === received.crc32) return sum.digest!;
    throw new FileError("write", reader.path, "it does not read back as it was written (CRC-32 differs)", {
      code: "ECHECKSUM",
      hint: "If nothing else writes to it, test the disk and the RAM of this machine",
    });
  } finally {
    reader.close();
  }
}
